import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/fuzz/fuzzing.js';
import { spoiled } from '../../../test/fuzz/hostile-bytes.js';
import { collectedBytes } from '../../../test/fuzz/resources.js';
import { decodeMessage } from '../src/codec.js';
import { limits } from '../src/limits.js';
import { envelopeOf, isSound, rawEnvelope } from './envelopes.js';
import { anyMessage } from './message-arbitraries.js';

const file = 'packages/protocol/test/codec-fuzz.test.ts';
const envelopes = anyMessage.map(envelopeOf);

/** Headers whose lengths and counts claim more than there is, in every width that msgpack has. */
const claims = fc
  .array(
    fc.oneof(
      fc.constantFrom([0xdc, 0xff, 0xff], [0xdd, 0xff, 0xff, 0xff, 0xff], [0xdb, 0x7f, 0xff, 0xff, 0xff], [0xda, 0xff, 0xff], [0xd9, 0xff]),
      fc.constantFrom(
        [0xc6, 0xff, 0xff, 0xff, 0xff],
        [0xc9, 0xff, 0xff, 0xff, 0xff, 1],
        [0xdf, 0xff, 0xff, 0xff, 0xff],
        [0xde, 0xff, 0xff],
      ),
      fc.constantFrom([0x9f], [0x8f], [0xd4, 0x72, 0x40], [0xc1], [0xc0], [0x01], [0xcb, 0x7f, 0xf8]),
      fc.nat(4000).map((depth) => new Array<number>(depth).fill(0x91)),
      fc.uint8Array({ maxLength: 12 }).map((bytes) => [...bytes]),
    ),
    { maxLength: 8 },
  )
  .map((parts) => rawEnvelope(parts.flat()));

describe('bytes of anybody', () => {
  it('spoiled in several places, or spliced from two messages, are refused with a reason or mean a message that travels', () => {
    fc.assert(
      fc.property(spoiled(envelopes), (bytes) => {
        expect(isSound(decodeMessage(bytes))).toBe(true);
      }),
      fuzzed({ file, runs: 5000 }),
    );
  });

  it('that claim more than there is are refused with a reason', () => {
    fc.assert(
      fc.property(claims, (bytes) => {
        expect(isSound(decodeMessage(bytes))).toBe(true);
      }),
      fuzzed({ file, runs: 3000 }),
    );
  });

  it('leave no more behind than twice the largest envelope, however many of them were decoded', () => {
    decodeMessage(envelopeOf({ kind: 'leave' }));
    const before = collectedBytes();
    fc.assert(
      fc.property(fc.oneof(spoiled(envelopes), claims), (bytes) => {
        decodeMessage(bytes);
      }),
      fuzzed({ file, runs: 3000 }),
    );
    expect(collectedBytes() - before).toBeLessThan(2 * limits.maxEnvelopeBytes);
  });
});
