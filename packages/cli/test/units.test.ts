import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatSize, parseCount, parseDuration, parseSize, UnitError } from '../src/options/units.js';

const amounts = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['4096', 4096],
    ['4096B', 4096],
    ['4KiB', 4096],
    ['4k', 4096],
    ['64M', 64 * 1024 ** 2],
    ['64mib', 64 * 1024 ** 2],
    ['1GiB', 1024 ** 3],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['2T', 2 * 1024 ** 4],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    ['', /Write a size/],
    ['-1', /Write a size/],
    ['4 KiB', /Write a size/],
    ['0x10', /Write a size/],
    ['1e3', /Write a size/],
    ['.5M', /Write a size/],
    ['4KB', /4KiB/],
    ['4QiB', /not a unit of size/],
    ['0.3KiB', /whole number of bytes/],
    ['9999999TiB', /too large/],
  ])('%j is refused', (text, reason) => {
    expect(() => parseSize(text)).toThrow(reason);
  });

  it('a size that was formatted is read back as the same number of bytes', () => {
    fc.assert(fc.property(amounts, (bytes) => parseSize(formatSize(bytes)) === bytes));
  });

  it('a whole number with a unit is that many units, in any case of letters', () => {
    const units = fc.constantFrom<[string, number]>(['K', 1024], ['KiB', 1024], ['mib', 1024 ** 2], ['g', 1024 ** 3], ['TIB', 1024 ** 4]);
    fc.assert(fc.property(fc.nat({ max: 4096 }), units, (n, [unit, scale]) => parseSize(`${n}${unit}`) === n * scale));
  });

  it('any text is either a whole number of bytes or refused with a reason', () => {
    fc.assert(fc.property(fc.string(), (text) => isWholeOrRefused(() => parseSize(text))));
  });
});

describe('durations', () => {
  it.each([
    ['0s', 0],
    ['500ms', 500],
    ['10s', 10_000],
    ['1.001s', 1001],
    ['2m', 120_000],
    ['1h', 3_600_000],
  ])('%s is %d milliseconds', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    ['10', /Say the unit: 10s/],
    ['10 s', /Write a duration/],
    ['10S', /not a unit of time/],
    ['10sec', /not a unit of time/],
    ['0.5ms', /whole number of milliseconds/],
    ['-5s', /Write a duration/],
    ['', /Write a duration/],
  ])('%j is refused', (text, reason) => {
    expect(() => parseDuration(text)).toThrow(reason);
  });

  it('a duration that was formatted is read back as the same number of milliseconds', () => {
    fc.assert(fc.property(amounts, (ms) => parseDuration(formatDuration(ms)) === ms));
  });

  it('any text is either a whole number of milliseconds or refused with a reason', () => {
    fc.assert(fc.property(fc.string(), (text) => isWholeOrRefused(() => parseDuration(text))));
  });
});

describe('counts', () => {
  it('digits may be grouped with underscores', () => {
    expect(parseCount('100_000')).toBe(100_000);
  });

  it.each(['', '-1', '1.5', '1e3', '_1', '1__0', 'ten', '99999999999999999999'])('%j is refused', (text) => {
    expect(() => parseCount(text)).toThrow(UnitError);
  });
});

function isWholeOrRefused(parse: () => number): boolean {
  try {
    return Number.isSafeInteger(parse());
  } catch (error) {
    return error instanceof UnitError && error.message !== '';
  }
}
