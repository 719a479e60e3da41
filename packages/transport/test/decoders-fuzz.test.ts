import { isErrorCode } from '@pagewire/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/fuzz/fuzzing.js';
import { spoiled } from '../../../test/fuzz/hostile-bytes.js';
import { decodeAttributes, encodeAttributes } from '../src/attributes.js';
import { Inbox } from '../src/inbox.js';
import { transportLimits } from '../src/link-defaults.js';
import { checkLinkUrl, parseLinkUrl, showLinkUrl } from '../src/link-url.js';
import { decodeBye, decodeOpening, encodeBye, encodeHello, encodeRefuse, encodeWelcome } from '../src/wire.js';

const file = 'packages/transport/test/decoders-fuzz.test.ts';
const settings = { file, runs: 3000 } as const;

const text = (maxLength: number) => fc.string({ unit: 'grapheme', maxLength }).filter((some) => Buffer.byteLength(some) <= maxLength);
const key = text(40).filter((some) => some !== '');
const attributes = fc.dictionary(key, fc.oneof(text(60), fc.double({ noNaN: true })), { maxKeys: transportLimits.maxAttributes });
const received = fc.oneof(fc.nat(9), fc.maxSafeNat());
const session = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
const end = fc.record({ code: fc.constantFrom('closed' as const, 'timeout' as const, 'version-mismatch' as const), reason: text(1024) });
const hello = fc.record({ session, established: fc.boolean(), received, attributes });
const welcome = fc.record({ resumed: fc.boolean(), received, attributes });
const openings: fc.Arbitrary<Uint8Array> = fc.oneof(
  hello.map((made) => encodeHello(made)),
  welcome.map((made) => encodeWelcome(made)),
  end.map((made) => encodeRefuse(made)),
);

describe('what was encoded is decoded again:', () => {
  it('a hello', () => {
    fc.assert(
      fc.property(hello, (made) => {
        expect(decodeOpening(encodeHello(made))).toEqual({ kind: 'hello', hello: made });
      }),
      fuzzed({ file, runs: 500 }),
    );
  });

  it('a welcome', () => {
    fc.assert(
      fc.property(welcome, (made) => {
        expect(decodeOpening(encodeWelcome(made))).toEqual({ kind: 'welcome', welcome: made });
      }),
      fuzzed({ file, runs: 500 }),
    );
  });

  it('a refusal and a goodbye', () => {
    fc.assert(
      fc.property(end, (made) => {
        expect(decodeOpening(encodeRefuse(made))).toEqual({ kind: 'refuse', end: made });
        expect(decodeBye(encodeBye(made))).toEqual(made);
      }),
      fuzzed({ file, runs: 500 }),
    );
  });

  it('the url of an address', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    const address = fc.record({
      transport: fc.constantFrom('ws' as const, 'grpc' as const),
      host,
      port: fc.integer({ min: 1, max: 65_535 }),
    });
    fc.assert(
      fc.property(address, (made) => {
        expect(parseLinkUrl(showLinkUrl(made))).toEqual(made);
      }),
      fuzzed({ file, runs: 500 }),
    );
  });
});

describe('bytes from anybody never throw:', () => {
  const anyBytes = (valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> =>
    fc
      .oneof({ weight: 4, arbitrary: spoiled(valid) }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) })
      .map((bytes) => Buffer.from(bytes));

  it('the first message of a connection is one of a kind, within its limits, or bad', () => {
    fc.assert(
      fc.property(anyBytes(openings), (bytes) => {
        const opening = decodeOpening(bytes);
        const said = opening.kind === 'hello' ? opening.hello.attributes : opening.kind === 'welcome' ? opening.welcome.attributes : {};
        expect(Object.keys(said).length).toBeLessThanOrEqual(transportLimits.maxAttributes);
        expect(opening.kind !== 'refuse' || isErrorCode(opening.end.code)).toBe(true);
      }),
      fuzzed(settings),
    );
  });

  it('attributes are what they encode to again, or none', () => {
    fc.assert(
      fc.property(anyBytes(attributes.map(encodeAttributes)), (bytes) => {
        const decoded = decodeAttributes(bytes);
        const again = decoded === undefined ? undefined : decodeAttributes(Buffer.concat([Buffer.from(bytes)]));
        expect(again).toEqual(decoded);
        expect(JSON.stringify(decoded ?? {}).length).toBeLessThan(8 * transportLimits.maxAttributesBytes);
      }),
      fuzzed(settings),
    );
  });

  it('a goodbye has a code and a reason, or is none', () => {
    fc.assert(
      fc.property(anyBytes(end.map(encodeBye)), (bytes) => {
        const decoded = decodeBye(bytes);
        expect(decoded === undefined || (isErrorCode(decoded.code) && decoded.reason.length <= transportLimits.maxReasonBytes)).toBe(true);
      }),
      fuzzed(settings),
    );
  });

  it('a data message gives envelopes that lie in it one after the other, or is refused whole', () => {
    const envelopes = fc.array(fc.uint8Array({ maxLength: 30 }), { minLength: 1, maxLength: 5 });
    const message = fc.tuple(fc.nat(2), envelopes).map(([number, parts]): Uint8Array => dataMessage(number, parts));
    fc.assert(
      fc.property(fc.array(anyBytes(message), { maxLength: 6 }), (messages) => {
        const inbox = new Inbox(64);
        for (const bytes of messages) {
          const before = inbox.received;
          const admission = inbox.admit(bytes);
          expect(inbox.received).toBe(before + (admission.ok ? 1 : 0));
          let given = 0;
          for (let envelope = inbox.next(); envelope !== undefined; envelope = inbox.next()) given += 4 + envelope.length;
          expect(given).toBe(admission.ok ? bytes.length - 17 : 0);
        }
      }),
      fuzzed(settings),
    );
  });

  it('a url leads somewhere or is refused with a reason', () => {
    const url = fc.oneof(
      fc.webUrl(),
      fc.string({ unit: 'binary' }),
      fc.tuple(fc.constantFrom('ws://', 'grpc://[', 'memory:', ''), fc.string()).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(url, (some) => {
        const fault = checkLinkUrl(some);
        expect(fault === undefined ? showLinkUrl(parseLinkUrl(some)).length > 0 : fault.length < 400).toBe(true);
      }),
      fuzzed(settings),
    );
  });
});

function dataMessage(number: number, envelopes: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(17);
  head[0] = 4;
  head[1] = number;
  const parts = envelopes.flatMap((bytes) => [Buffer.of(bytes.length, 0, 0, 0), bytes]);
  return Buffer.concat([head, ...parts]);
}
