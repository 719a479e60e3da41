import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AtomicType } from '../src/atomics.js';
import type { ErrorCode } from '../src/errors.js';
import { limits } from '../src/limits.js';
import { checkAtomicRange, checkRange, checkRegionOptions, pageSlices, type RegionOptions } from '../src/region-access.js';
import { replayable } from './replayable.js';

const shape = { name: 'grid', bytes: 8192, pageBytes: 4096 };
const withCode = (code: ErrorCode): unknown => expect.objectContaining({ name: 'PagewireError', code });

describe('a range', () => {
  it.each([
    [0, 0],
    [0, 8192],
    [8191, 1],
    [8192, 0],
  ])('from %d of %d bytes lies in a region of 8192', (offset, length) => {
    expect(() => checkRange(shape, offset, length)).not.toThrow();
  });

  it.each([
    [8192, 1],
    [0, 8193],
    [4096, 4097],
    [Number.MAX_SAFE_INTEGER, 1],
  ])('from %d of %d bytes reaches outside it', (offset, length) => {
    expect(() => checkRange(shape, offset, length)).toThrow(withCode('out-of-range'));
  });

  it.each([
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [0, Number.NaN],
    [Number.POSITIVE_INFINITY, 1],
    [2 ** 53, 1],
  ])('from %d of %d bytes is no range', (offset, length) => {
    expect(() => checkRange(shape, offset, length)).toThrow(withCode('bad-argument'));
  });

  it('outside names the region and its size', () => {
    expect(() => checkRange(shape, 8000, 200)).toThrow('bytes 8000 to 8200 reach past the end of region "grid", which has 8192 bytes');
  });
});

describe('an atomic', () => {
  it.each([
    ['int32', 8188],
    ['uint32', 0],
    ['bigint64', 8184],
  ] as const)('%s at %d lies in the region', (type, offset) => {
    expect(() => checkAtomicRange(shape, offset, type)).not.toThrow();
  });

  it.each([
    ['int32', 2],
    ['uint32', 4095],
    ['bigint64', 4],
  ] as const)('%s at %d is misaligned', (type, offset) => {
    expect(() => checkAtomicRange(shape, offset, type)).toThrow(withCode('misaligned'));
  });

  it('past the end is out of range even where it is misaligned too', () => {
    expect(() => checkAtomicRange(shape, 8190, 'int32')).toThrow(withCode('out-of-range'));
  });

  it.each(['int16', 'toString', ''])('of type "%s" is refused', (type) => {
    // Programs in JavaScript can pass any string.
    expect(() => checkAtomicRange(shape, 0, type as AtomicType)).toThrow(withCode('bad-argument'));
  });
});

describe('page slices', () => {
  it('cut a range at page borders', () => {
    expect(pageSlices(4096, 4000, 4300)).toEqual([
      { index: 0, start: 4000, length: 96, at: 0 },
      { index: 1, start: 0, length: 4096, at: 96 },
      { index: 2, start: 0, length: 108, at: 4192 },
    ]);
  });

  it('of nothing are none', () => {
    expect(pageSlices(4096, 4096, 0)).toEqual([]);
  });

  it('cover every byte of the range once, in order, each within its page', () => {
    const pageBytes = fc.integer({ min: 6, max: 16 }).map((bits) => 2 ** bits);
    fc.assert(
      fc.property(pageBytes, fc.nat(2 ** 40), fc.nat(1_000_000), (size, offset, length) => {
        const slices = pageSlices(size, offset, length);
        const ends = slices.map((slice) => slice.at + slice.length);
        expect(slices.map((slice) => slice.at)).toEqual([0, ...ends].slice(0, slices.length));
        expect(ends.at(-1) ?? 0).toBe(length);
        expect(slices.every((slice) => slice.index * size + slice.start === offset + slice.at)).toBe(true);
        expect(slices.every((slice) => slice.length > 0 && slice.start + slice.length <= size)).toBe(true);
      }),
      replayable('region-access.test.ts', 300),
    );
  });
});

describe('a region', () => {
  it.each([
    ['grid', {}],
    ['a/b:c-1', { bytes: 1, pageBytes: limits.minPageBytes }],
    ['x'.repeat(limits.maxRegionNameBytes), { bytes: limits.maxRegionBytes, pageBytes: limits.maxPageBytes }],
  ])('named "%s" with %o can exist', (name, options) => {
    expect(() => checkRegionOptions(name, options)).not.toThrow();
  });

  it.each(['', 'two words', 'umläut', 'line\n', 'x'.repeat(limits.maxRegionNameBytes + 1)])('named "%s" cannot', (name) => {
    expect(() => checkRegionOptions(name, {})).toThrow(withCode('bad-argument'));
  });

  it.each([0, 32, 100, 4095, 131_072, Number.NaN, -4096])('with pages of %d bytes cannot', (pageBytes) => {
    expect(() => checkRegionOptions('grid', { pageBytes })).toThrow(withCode('bad-argument'));
  });

  it.each(['64', null, 64n, [64], Symbol('64')])('with pages of something that is no number cannot (%#)', (pageBytes) => {
    // Programs in JavaScript can pass anything.
    expect(() => checkRegionOptions('grid', { pageBytes: pageBytes as unknown as number })).toThrow(withCode('bad-argument'));
    expect(() => checkRegionOptions('grid', { bytes: pageBytes as unknown as number })).toThrow(withCode('bad-argument'));
  });

  it.each([null, undefined, 4096, 'big'])('with %o for options cannot', (options) => {
    // Programs in JavaScript can pass anything.
    expect(() => checkRegionOptions('grid', options as unknown as RegionOptions)).toThrow(withCode('bad-argument'));
  });

  it.each([0, -1, 0.5, Number.NaN, limits.maxRegionBytes + 1])('of %d bytes cannot', (bytes) => {
    expect(() => checkRegionOptions('grid', { bytes })).toThrow(withCode('bad-argument'));
  });
});
