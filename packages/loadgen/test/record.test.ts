import { describe, expect, test } from 'vitest';
import { crc32, crc32ByTable } from '../src/crc32.js';
import { decodeRecord, encodeRecord } from '../src/record.js';
import { RecordLayout } from '../src/record-layout.js';

const stamp = { run: 0xfedcba98, key: 17, writer: 3, sequence: 4_000_000_000 };
const encoded = (bytes: number): Uint8Array => {
  const slot = new Uint8Array(bytes);
  encodeRecord(slot, stamp);
  return slot;
};

describe('checksum', () => {
  test.each([crc32, crc32ByTable])('is CRC-32: the check value of the standard comes out', (checksum) => {
    expect(checksum(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });
});

describe('record', () => {
  test.each([32, 33, 35, 100, 1024, 4096])('of %i bytes says who wrote it', (bytes) => {
    expect(decodeRecord(encoded(bytes))).toEqual({ kind: 'record', stamp });
  });

  test('is corrupt when any one bit is wrong', () => {
    const kinds = Array.from({ length: 64 * 8 }, (_, bit) => {
      const slot = encoded(64);
      slot[bit >> 3] = (slot[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return decodeRecord(slot).kind;
    });
    expect(new Set(kinds)).toEqual(new Set(['corrupt']));
  });

  test('is corrupt when it is made of two records', () => {
    const slot = encoded(256);
    const other = new Uint8Array(256);
    encodeRecord(other, { ...stamp, sequence: 5 });
    slot.set(other.subarray(128), 128);
    expect(decodeRecord(slot)).toMatchObject({ kind: 'corrupt', reason: expect.stringContaining('torn') });
  });

  test('is absent only when every byte is zero', () => {
    expect(decodeRecord(new Uint8Array(64)).kind).toBe('absent');
    expect(decodeRecord(new Uint8Array(64).fill(1, 63)).kind).toBe('corrupt');
  });

  test('too short to be one is refused as a value', () => {
    expect(decodeRecord(new Uint8Array(8)).kind).toBe('corrupt');
  });

  test('payloads of two writes of one key differ', () => {
    const other = new Uint8Array(64);
    encodeRecord(other, { ...stamp, sequence: 1 });
    expect(encoded(64).subarray(20, 60)).not.toEqual(other.subarray(20, 60));
  });
});

describe('layout', () => {
  test('puts whole records on each page, so that none crosses a border', () => {
    const layout = new RecordLayout({ pageBytes: 4096, recordBytes: 1000, capacity: 9 });
    expect(layout.regionBytes).toBe(3 * 4096);
    expect([0, 3, 4, 8].map((key) => layout.offsetOf(key))).toEqual([0, 3000, 4096, 8192]);
    expect(layout.spanBytes(3, 2)).toBe(4096 + 1000 - 3000);
  });

  test.each([31, 4097, 100.5, Number.NaN])('refuses records of %d bytes, which cannot be written atomically', (recordBytes) => {
    expect(() => new RecordLayout({ pageBytes: 4096, recordBytes, capacity: 1 })).toThrow(
      expect.objectContaining({ code: 'bad-argument', message: expect.stringContaining('fit one page') }),
    );
  });
});
