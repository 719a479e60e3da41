import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitText, utf8Bytes, utf8Decode, utf8Encode } from '../src/codec/text.js';
import { replayable } from './replayable.js';

// Single UTF-16 units, so that lone surrogates occur.
const units = fc
  .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7f0, max: 0xe010 }), fc.nat(0x100)))
  .map((u) => String.fromCharCode(...u));
const settings = replayable<[string]>('codec-text.test.ts', 2000);

describe('utf8Bytes', () => {
  it('counts what the platform encodes', () => {
    fc.assert(
      fc.property(units, (text) => {
        expect(utf8Bytes(text)).toBe(Buffer.byteLength(text));
      }),
      settings,
    );
  });
});

describe('fitText', () => {
  it('leaves text that fits as it is', () => {
    expect(fitText('grün 🌲', 10)).toBe('grün 🌲');
  });

  it.each([
    [9, 'grün '],
    [5, 'grün'],
    [4, 'grü'],
    [3, 'gr'],
    [0, ''],
  ])('cuts at %i bytes between characters', (max, cut) => {
    expect(fitText('grün 🌲', max)).toBe(cut);
  });

  it('replaces lone surrogates, so that what it returns takes the bytes it counts', () => {
    expect(fitText('a\ud800b', 100)).toBe('a\ufffdb');
  });

  it('returns a beginning that fits', () => {
    fc.assert(
      fc.property(units, (text) => {
        const cut = fitText(text, 20);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(20);
        expect(Buffer.from(text).toString().startsWith(cut)).toBe(true);
      }),
      settings,
    );
  });
});

describe('utf8Decode', () => {
  it('returns what was encoded, byte order marks included', () => {
    expect(utf8Decode(utf8Encode('\ufeffé\ufeff'))).toBe('\ufeffé\ufeff');
  });

  it('returns nothing for bytes that are not UTF-8', () => {
    expect(utf8Decode(Uint8Array.of(0x61, 0xc3))).toBeUndefined();
  });
});
