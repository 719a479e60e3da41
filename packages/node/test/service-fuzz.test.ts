import { type AtomicOp, atomicOps, encodeMessage, limits, type Message, regionId } from '@pagewire/protocol';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { fuzzed } from '../../../test/fuzz/fuzzing.js';
import { createService } from '../src/service.js';
import { TestHost, TestLink } from './service-fixture.js';

const file = 'packages/node/test/service-fuzz.test.ts';
const fatal = vi.fn();

/** A node with one region of 64 KiB, and a client that has opened it. */
async function start(): Promise<TestLink> {
  const host = new TestHost();
  host.create('grid', 65_536, 4096);
  const service = createService(host, { fatal });
  const link = new TestLink();
  const acceptance = service.accept(link.peer, link);
  link.handlers = 'handlers' in acceptance ? acceptance.handlers : undefined;
  await link.open('grid');
  return link;
}

const id = fc.nat(1000);
const region = fc.integer({ min: 0, max: 3 }).map(regionId);
const offset = fc.oneof(fc.nat(70_000), fc.maxSafeNat());
const name = fc.constantFrom('grid', 'other', 'with space', '', 'é');
const size = fc.option(fc.oneof(fc.nat(100_000), fc.constant(4096)), { nil: undefined });
const operands = fc.oneof(
  fc.record({ type: fc.constantFrom('int32' as const, 'uint32' as const), operand: fc.integer(), replacement: fc.integer() }),
  fc.record({ type: fc.constant('bigint64' as const), operand: fc.bigInt(), replacement: fc.bigInt() }),
);

const requests: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ kind: fc.constant('read' as const), id, region, offset, length: fc.oneof(fc.nat(10_000), fc.nat(limits.maxOperationBytes)) }),
  fc.record({ kind: fc.constant('write' as const), id, region, offset, content: fc.uint8Array({ maxLength: 9000 }) }),
  fc
    .record({ id, region, offset, op: fc.constantFrom<AtomicOp>(...atomicOps), operands })
    .map(({ op, operands: { type, operand, replacement }, ...at }) => ({
      kind: 'operate' as const,
      ...at,
      atomic: { op, type, operand, replacement },
    })),
  fc.record({ kind: fc.constant('open-region' as const), id, name, bytes: size, pageBytes: size }),
  fc.record({ kind: fc.constant('delete-region' as const), id, name }),
  fc.record({ kind: fc.constant('list-regions' as const), id, after: fc.option(region, { nil: undefined }) }),
  fc.record({ kind: fc.constant('status' as const), id }),
);

const encoded = requests.map((message) => new Uint8Array(Buffer.concat(encodeMessage(message))));
const spoiled = fc.tuple(encoded, fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
  const copy = bytes.slice();
  copy[at % copy.length] = value;
  return copy;
});

test('random bytes and spoiled requests are answered or end the link, and nothing is thrown', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), spoiled), { maxLength: 20 }), async (envelopes) => {
      const link = await start();
      for (const envelope of envelopes) link.feed(envelope);
      expect([undefined, 'protocol-violation']).toContain(link.end?.code);
    }),
    fuzzed({ file, runs: 500, hangMs: 5000 }),
  );
});

test('every well-formed request is answered once, whatever it asks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(requests, { maxLength: 60 }), async (messages) => {
      const link = await start();
      for (const message of messages) link.ask(message);
      await vi.waitFor(() => expect(link.answered).toHaveLength(messages.length), { interval: 1 });
      expect(link.end).toBeUndefined();
      expect(fatal).not.toHaveBeenCalled();
    }),
    fuzzed({ file, runs: 200, hangMs: 5000 }),
  );
});
