import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fuzzed } from '../fuzzing.js';
import { type Http2Request, http2Requests, type Speech, speeches } from '../hostile-connections.js';
import { visit, visitHttp2 } from '../hostile-visits.js';
import { InProcessCluster } from '../in-process-cluster.js';
import { collectedBytes, keptAtMost, openSockets } from '../resources.js';
import { StrayErrors } from '../stray-errors.js';

const file = 'test/fuzz/test/listeners-fuzz.test.ts';
let cluster: InProcessCluster;
beforeAll(async () => {
  cluster = await InProcessCluster.start({ nodes: 2 });
}, 30_000);
afterAll(() => cluster[Symbol.asyncDispose]());

const doors = { coordinator: () => cluster.coordinator.port, node: () => cluster.node(0).port };

describe.each(['coordinator', 'node'] as const)('the port of a %s', (door) => {
  it('turns strangers away, whatever they say, serves everybody else meanwhile, and keeps nothing of them', async () => {
    using stray = new StrayErrors();
    await cluster.check();
    const before = { sockets: openSockets(), bytes: collectedBytes() };
    const runCase = async (said: Speech[], asked: Http2Request[]): Promise<void> => {
      const port = doors[door]();
      await Promise.all([...said.map((speech) => visit(port, speech)), visitHttp2(port, asked)]);
      await stray.check();
      await cluster.check();
    };
    await fc.assert(
      fc.asyncProperty(fc.array(speeches, { minLength: 1, maxLength: 6 }), fc.array(http2Requests, { maxLength: 4 }), runCase),
      fuzzed({ file, runs: 50, hangMs: 10_000 }),
    );
    await vi.waitFor(() => expect(openSockets()).toBeLessThanOrEqual(before.sockets), { timeout: 15_000, interval: 50 });
    await keptAtMost(32 * 1024 * 1024, before.bytes);
    await cluster.check();
    await stray.check();
  });
});
