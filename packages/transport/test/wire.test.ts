import { PROTOCOL_VERSION } from '@pagewire/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBye, decodeOpening, encodeBye, encodeHello, encodeRefuse, encodeWelcome, readSequence, writeSequence } from '../src/wire.js';

const session = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const attributes = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 20 }).filter((key) => key !== '__proto__'),
  fc.oneof(fc.string({ maxLength: 40 }), fc.double({ noNaN: true })),
  { maxKeys: 12 },
);

describe('the wire', () => {
  it('lays a hello out as the table says', () => {
    const bytes = encodeHello({ session, established: true, received: 0x1_0000_0002, attributes: { a: 'b', n: 1 } });
    const expected = `01${Buffer.from('PGWR').toString('hex')}${PROTOCOL_VERSION.toString(16).padStart(2, '0')}0001${session.toString('hex')}0200000001000000`;
    expect(bytes.toString('hex')).toBe(`${expected}020161000100620${'16e01000000000000f03f'}`);
  });

  it('brings a hello and a welcome back as they were', () => {
    fc.assert(
      fc.property(attributes, fc.boolean(), fc.maxSafeNat(), (said, flag, received) => {
        const hello = { session, established: flag, received, attributes: said };
        expect(decodeOpening(encodeHello(hello))).toEqual({ kind: 'hello', hello });
        const welcome = { resumed: flag, received, attributes: said };
        expect(decodeOpening(encodeWelcome(welcome))).toEqual({ kind: 'welcome', welcome });
      }),
    );
  });

  it('brings a refusal and a goodbye back as they were, and cuts a reason that is too long between characters', () => {
    const end = { code: 'name-taken', reason: 'there is an ä1' } as const;
    expect(decodeOpening(encodeRefuse(end))).toEqual({ kind: 'refuse', end });
    expect(decodeBye(encodeBye(end))).toEqual(end);
    expect(decodeBye(encodeBye({ code: 'closed', reason: `x${'ä'.repeat(600)}` }))).toEqual({
      code: 'closed',
      reason: `x${'ä'.repeat(511)}`,
    });
  });

  it('can read a refusal of any version, and no other message of another version', () => {
    const end = { code: 'version-mismatch', reason: 'other' } as const;
    expect(decodeOpening(encodeRefuse(end, 77))).toEqual({ kind: 'refuse', end });
    expect(decodeOpening(encodeWelcome({ resumed: false, received: 0, attributes: {} }, 77))).toEqual({
      kind: 'other-version',
      version: 77,
    });
  });

  it('refuses to encode attributes over the limits', () => {
    const hello = (said: Record<string, string | number>) => () =>
      encodeHello({ session, established: false, received: 0, attributes: said });
    expect(hello(Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, i])))).toThrow(/17 handshake attributes/);
    expect(hello({ a: 'x'.repeat(2040), b: 'y'.repeat(20) })).toThrow(/at most 2048/);
    expect(hello({ ['x'.repeat(256)]: 1 })).toThrow(/1 to 255 bytes/);
  });

  it('never throws on hostile bytes, nor on a good message that was bent', () => {
    const good = encodeHello({ session, established: false, received: 7, attributes: { name: 'n1', port: 3 } });
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.nat(good.length - 1),
        fc.nat(255),
        fc.nat(good.length),
        (noise, at, value, length) => {
          decodeOpening(Buffer.from(noise));
          decodeBye(Buffer.from(noise));
          const bent = Buffer.from(good);
          bent[at] = value;
          expect(['hello', 'welcome', 'refuse', 'other-version', 'bad']).toContain(decodeOpening(bent.subarray(0, length)).kind);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('keeps hostile attribute names away from prototypes', () => {
    const hello = encodeHello({ session, established: false, received: 0, attributes: { aaaaaaaaa: 'x' } });
    hello.write('__proto__', hello.length - 13);
    const opening = decodeOpening(hello);
    expect(JSON.stringify(opening)).toContain('__proto__');
    expect(Object.prototype).not.toHaveProperty('x');
  });

  it('reads back every sequence number and rejects those beyond 2^53', () => {
    const bytes = Buffer.alloc(8);
    fc.assert(
      fc.property(fc.maxSafeNat(), (sequence) => {
        writeSequence(bytes, sequence, 0);
        expect(readSequence(bytes, 0)).toBe(sequence);
      }),
    );
    expect(readSequence(Buffer.alloc(8, 0xff), 0)).toBe(-1);
  });
});
