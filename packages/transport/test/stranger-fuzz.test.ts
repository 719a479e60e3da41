import { isErrorCode } from '@pagewire/protocol';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { fuzzed } from '../../../test/fuzz/fuzzing.js';
import { spoiled } from '../../../test/fuzz/hostile-bytes.js';
import { StrayErrors } from '../../../test/fuzz/stray-errors.js';
import type { ChannelEvents } from '../src/channel.js';
import { createMemoryNetwork, type LinkEnd, type MemoryNetwork } from '../src/index.js';
import { encodeAck, encodeBye, encodeHello, encodeRefuse, encodeWelcome, writeSequence } from '../src/wire.js';

const file = 'packages/transport/test/stranger-fuzz.test.ts';
const quick = { heartbeatMs: 20, silenceMs: 60, handshakeMs: 60, resumeMs: 60 };

const sequence = fc.oneof(fc.nat(4), fc.constantFrom(2 ** 32, Number.MAX_SAFE_INTEGER));
const attributes = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 8 }),
  fc.oneof(fc.string({ maxLength: 20 }), fc.double({ noNaN: true })),
  {
    maxKeys: 16,
  },
);
/** Few of them, so that strangers meet each other's sessions. */
const session = fc.nat(3).map((number) => Buffer.alloc(16, number + 1));
const end: fc.Arbitrary<LinkEnd> = fc.record({
  code: fc.constantFrom('closed', 'fenced', 'overloaded'),
  reason: fc.string({ maxLength: 40 }),
});

const hello = fc.record({ session, established: fc.boolean(), received: sequence, attributes }).map((made) => encodeHello(made));
const welcome = fc.record({ resumed: fc.boolean(), received: sequence, attributes }).map((made) => encodeWelcome(made));

function dataMessage(number: number, acknowledged: number, envelopes: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(17);
  head[0] = 4;
  writeSequence(head, number, 1);
  writeSequence(head, acknowledged, 9);
  const parts = envelopes.flatMap((bytes) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat([head, ...parts]);
}

const data = fc
  .tuple(sequence, sequence, fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }))
  .map(([number, acknowledged, envelopes]) => dataMessage(number, acknowledged, envelopes));

const honest: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 3, arbitrary: data },
  { weight: 2, arbitrary: hello },
  { weight: 1, arbitrary: welcome },
  { weight: 1, arbitrary: sequence.map(encodeAck) },
  { weight: 1, arbitrary: end.map(encodeBye) },
  { weight: 1, arbitrary: end.map((made) => encodeRefuse(made)) },
);
const frame = fc.oneof(
  { weight: 4, arbitrary: honest },
  { weight: 3, arbitrary: spoiled(honest) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom(new Uint8Array(0), new Uint8Array(70_000).fill(4), new Uint8Array(1_000_000)) },
);

/** What a stranger does: says hello or not, then anything, then stays or hangs up. */
const visit = fc.record({
  greeting: fc.option(hello, { nil: undefined }),
  frames: fc.array(frame, { maxLength: 8, size: 'max' }),
  hangsUp: fc.boolean(),
});
type Visit = typeof visit extends fc.Arbitrary<infer T> ? T : never;

/** A listener, and a healthy link to it whose envelopes come back. */
async function start(network: MemoryNetwork) {
  const refusals: LinkEnd[] = [];
  const ends: LinkEnd[] = [];
  const listener = await network.listen({
    host: 'acceptor',
    port: 0,
    link: quick,
    maxDormantLinks: 3,
    refused: (refusal) => void refusals.push(refusal),
    accept: (_peer, link) => ({
      attributes: {},
      handlers: { envelope: (bytes) => link.send([bytes]), closed: (closed) => void ends.push(closed) },
    }),
  });
  const url = listener.url('ws');
  const echoes: string[] = [];
  const healthy = network.dial({
    url,
    attributes: {},
    link: { ...quick, silenceMs: 2000, resumeMs: 5000 },
    handlers: { envelope: (bytes) => void echoes.push(Buffer.from(bytes).toString()), closed: (closed) => void ends.push(closed) },
  });
  return { listener, url, refusals, ends, echoes, healthy };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function play(network: MemoryNetwork, url: string, visits: readonly Visit[]): Promise<void> {
  const events: ChannelEvents = { opened() {}, message() {}, writable() {}, closed() {} };
  for (const { greeting, frames, hangsUp } of visits) {
    const channel = network.connect(url, events);
    await turn();
    for (const bytes of greeting === undefined ? frames : [greeting, ...frames]) {
      channel.send(Buffer.from(bytes));
      await turn();
    }
    if (hangsUp) channel.destroy();
  }
}

describe('a listener that strangers visit', () => {
  it('turns them away with a reason or serves them, throws nothing, and its healthy links notice nothing', async () => {
    using stray = new StrayErrors();
    const network = createMemoryNetwork();
    const { listener, url, refusals, ends, echoes, healthy } = await start(network);
    let round = 0;
    const runCase = async (visits: Visit[]): Promise<void> => {
      await play(network, url, visits);
      round += 1;
      healthy.send([Buffer.from(`round ${round}`)]);
      await vi.waitFor(() => expect(echoes.at(-1)).toBe(`round ${round}`), { timeout: 5000, interval: 2 });
      expect([...refusals, ...ends].filter(({ code, reason }) => !isErrorCode(code) || typeof reason !== 'string')).toEqual([]);
      refusals.length = 0;
      ends.length = 0;
      await stray.check();
    };
    await fc.assert(
      fc.asyncProperty(fc.array(visit, { minLength: 1, maxLength: 4 }), runCase),
      fuzzed({ file, runs: 300, hangMs: 10_000 }),
    );
    expect(healthy.state).toBe('open');
    expect(echoes).toHaveLength(round);
    healthy.destroy();
    await listener.close();
    await stray.check();
  });
});
