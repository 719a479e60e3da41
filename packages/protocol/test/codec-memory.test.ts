import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Unpackr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../src/codec.js';
import { pageId, regionId, requestId, version } from '../src/ids.js';
import { limits } from '../src/limits.js';
import { envelopeOf, rawEnvelope, valuesEnvelope } from './envelopes.js';

const PAGE = pageId(regionId(3), 17);

describe('memory', () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const BOUND = 2 * limits.maxEnvelopeBytes;

  /** Bytes that one call allocates, kept or not: the median of several, since other parts of the process allocate too. */
  function allocatedBy(call: () => unknown): number {
    const samples = Array.from({ length: 9 }, () => {
      collect();
      const before = process.memoryUsage();
      const result = call();
      const after = process.memoryUsage();
      // Keeps the result alive until after the second look.
      return [after.heapUsed + after.external - before.heapUsed - before.external, result] as const;
    });
    return samples.map(([bytes]) => bytes).sort((a, b) => a - b)[4] ?? Number.POSITIVE_INFINITY;
  }

  const array = (count: number): number[] => [0xdc, count >>> 8, count & 0xff];
  const filled = (count: number, value: readonly number[]): Uint8Array =>
    rawEnvelope([...array(count), ...Array.from({ length: count }, () => value).flat()]);
  const grants = Array.from({ length: limits.maxItemsPerMessage }, () => [
    PAGE,
    1,
    0,
    1,
    1,
    limits.maxNodes,
    ...Array(limits.maxNodes).fill(2 ** 50),
    null,
  ]);
  const hostile: readonly (readonly [string, Uint8Array])[] = [
    ['the most values', filled(18_000, [0x01])],
    ['the most doubles', filled(18_000, [0xcb, 0x43, 0x2f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe])],
    ['the most bigints', filled(18_000, [0xd3, 0x7f, 0, 0, 0, 0, 0, 0, 1])],
    ['the most short strings', filled(18_000, [0xa3, 0x61, 0x62, 0x63])],
    ['one long string', rawEnvelope([0x91, 0xda, 0xff, 0xff, ...new Array(65_535).fill(0x61)])],
    ['one long string that is not UTF-8', rawEnvelope([0x91, 0xda, 0xff, 0xff, ...new Array(65_535).fill(0x80)])],
    ['empty maps to the end', rawEnvelope([...array(18_000), ...new Array(140_000).fill(0x80)])],
    ['arrays nested to the end', rawEnvelope(new Uint8Array(160_000).fill(0x91))],
    ['nested arrays with room for fifteen', rawEnvelope(new Uint8Array(160_000).fill(0x9f))],
    ['the most ackers', valuesEnvelope([2, limits.maxItemsPerMessage, ...grants.flat()])],
    ['a status that is not UTF-8', valuesEnvelope([99, 1, limits.maxStatusBytes], new Uint8Array(limits.maxStatusBytes).fill(0x80))],
    ['the largest content', envelopeOf({ kind: 'bytes-read', id: 1, content: new Uint8Array(limits.maxOperationBytes) })],
    [
      'a full envelope of pages',
      envelopeOf({
        kind: 'page',
        items: Array.from({ length: 7 }, () => ({
          page: PAGE,
          id: requestId(1),
          version: version(1),
          content: new Uint8Array(limits.maxPageBytes),
        })),
      }),
    ],
  ];

  it.each(hostile)('%s: decoding allocates no more than twice the largest envelope', (_, bytes) => {
    expect(allocatedBy(() => decodeMessage(bytes))).toBeLessThan(BOUND);
  });

  it('the measure sees what the unpacker alone would allocate for maps', () => {
    const unpackr = new Unpackr({ useRecords: false });
    const maps = Uint8Array.from([...array(65_535), ...new Array(65_535).fill(0x80)]);
    expect(allocatedBy(() => unpackr.unpack(maps))).toBeGreaterThan(BOUND);
  });
});
