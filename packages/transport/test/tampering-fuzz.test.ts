import { isErrorCode } from '@pagewire/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../../test/fuzz/fuzzing.js';
import { StrayErrors } from '../../../test/fuzz/stray-errors.js';
import { linksOver } from '../src/channel-network.js';
import type { Link, LinkEnd, LinkHandlers } from '../src/index.js';
import { TamperedNetwork, type Tampering, tamperings } from './tampered-network.js';

const file = 'packages/transport/test/tampering-fuzz.test.ts';
const url = 'memory://acceptor:1';
const quick = { heartbeatMs: 20, silenceMs: 100, handshakeMs: 100, resumeMs: 400, redialMinMs: 2, redialMaxMs: 10, connectMs: 400 };

/** The envelope with this number: what it is can be seen from each of its bytes. */
const envelope = (number: number): Buffer => {
  const bytes = Buffer.alloc(8 + (number % 40), number);
  bytes.writeUInt32LE(number);
  return bytes;
};

/** One side of a link, and what it was told. */
class Side {
  readonly got: Buffer[] = [];
  readonly ends: LinkEnd[] = [];
  link: Link | undefined;
  readonly handlers: LinkHandlers = {
    envelope: (bytes) => void this.got.push(Buffer.from(bytes)),
    closed: (end) => void this.ends.push(end),
  };

  /** What is wrong with what came, if anything: it must be the first envelopes of the other side, each once, in order. */
  get fault(): string | undefined {
    const at = this.got.findIndex((bytes, index) => !bytes.equals(envelope(index)));
    if (at !== -1) return `envelope ${at} came as ${this.got[at]?.toString('hex')}`;
    const untyped = this.ends.find(({ code, reason }) => !isErrorCode(code) || reason === '');
    if (untyped !== undefined) return `an end without a reason: ${JSON.stringify(untyped)}`;
    return this.ends.length > 1 ? 'more than one end' : undefined;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !holds(); await new Promise((resolve) => setTimeout(resolve, 2))) {
    if (performance.now() > end) throw new Error(`not so after 5 s: ${what}`);
  }
}

async function runCase(script: readonly Tampering[], counts: { readonly near: number; readonly far: number }): Promise<void> {
  using stray = new StrayErrors();
  const network = new TamperedNetwork(script);
  const links = linksOver(network);
  const near = new Side();
  const fars: Side[] = [];
  const listener = await links.listen({
    host: 'acceptor',
    port: 1,
    insecure: true,
    link: quick,
    accept: (_peer, link) => {
      const far = new Side();
      far.link = link;
      fars.push(far);
      for (let number = 0; number < counts.far; number += 1) link.send([envelope(number)]);
      return { handlers: far.handlers, attributes: { role: 'acceptor' } };
    },
  });
  near.link = links.dial({ url, attributes: { role: 'dialer' }, handlers: near.handlers, link: quick });
  for (let number = 0; number < counts.near; number += 1) {
    near.link.send([envelope(number)]);
    if (number % 3 === 2) await turn();
  }
  for (let turns = 0; turns < 30; turns += 1) await turn();
  network.heal();
  await eventually('the link has ended, or both sides have everything', () => {
    const far = fars.find((side) => side.got.length === counts.near);
    return near.ends.length > 0 || (far !== undefined && near.got.length === counts.far);
  });
  near.link.destroy();
  await listener.close();
  await eventually('both sides are told of the end', () =>
    [near, ...fars].every((side) => side.ends.length > 0 || side.link?.state !== 'closed'),
  );
  expect([near, ...fars].map((side) => side.fault).filter(Boolean)).toEqual([]);
  await stray.check();
}

const tampering: fc.Arbitrary<Tampering> = fc.record({
  towards: fc.constantFrom('acceptor', 'dialer'),
  at: fc.oneof(fc.nat(4), fc.nat(30)),
  what: fc.constantFrom(...tamperings),
  value: fc.nat(100_000),
});

describe('a link through somebody who tampers with it', () => {
  it('delivers a beginning of what was sent, in order and once, and ends with a reason or delivers all of it', async () => {
    const counts = fc.record({ near: fc.nat(60), far: fc.nat(60) });
    await fc.assert(
      fc.asyncProperty(fc.array(tampering, { minLength: 1, maxLength: 5 }), counts, runCase),
      fuzzed({ file, runs: 100, hangMs: 12_000 }),
    );
  });
});
