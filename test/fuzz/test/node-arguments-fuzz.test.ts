import { join, type Node } from '@pagewire/node';
import { probe } from '@pagewire/userfaultfd';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiCall, callNode, callRegion, nodeCalls, promiseOf, regionCalls } from '../api-calls.js';
import { CallRunner } from '../call-runner.js';
import { fuzzed } from '../fuzzing.js';
import { anyValue, nearlyGood } from '../hostile-values.js';
import { InProcessCluster } from '../in-process-cluster.js';
import { StrayErrors } from '../stray-errors.js';

/** The first one most of the time. */
const often = <T>(good: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const file = 'test/fuzz/test/node-arguments-fuzz.test.ts';
const { supported, reasons } = probe();
const kinds = [
  { memory: 'software', why: '', skip: false },
  { memory: 'mapped', why: supported ? '' : ` (skipped: ${reasons.join(' ')})`, skip: !supported },
] as const;

/** Gives back what calls of a node have gained, so that the next case starts as this one did. */
async function giveBack(node: Node, gained: readonly unknown[]): Promise<void> {
  for (const value of gained) {
    if (typeof value !== 'object' || value === null) continue;
    if (Symbol.asyncDispose in value && typeof value[Symbol.asyncDispose] === 'function')
      await (value as AsyncDisposable)[Symbol.asyncDispose]();
    else if ('close' in value && typeof value.close === 'function') await value.close();
    if ('pageBytes' in value && 'name' in value) await node.deleteRegion(String(value.name)).catch(() => {});
  }
}

describe.each(kinds)('a node with $memory memory$why', ({ memory, skip }) => {
  let cluster: InProcessCluster;
  beforeAll(async () => {
    if (!skip) cluster = await InProcessCluster.start({ nodes: 2, memory, faultTimeoutMs: 400 });
  }, 30_000);
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  it.skipIf(skip)('answers calls of a region with any arguments by a result or a PagewireError, and works on', async () => {
    using stray = new StrayErrors();
    const settings = fuzzed<[calls: ApiCall[]]>({ file, runs: 100, hangMs: 20_000 });
    const runCase = async (calls: ApiCall[]): Promise<void> => {
      const runner = new CallRunner();
      const region = await cluster.node(0).region('grid', { bytes: 16_384, pageBytes: 4096 });
      for (const call of calls) await runner.judge(call, callRegion(region, call));
      await giveBack(cluster.node(0), runner.takeGained());
      await region.close();
      await runner.allEnded(5000);
      await stray.check();
      await cluster.check();
    };
    await fc.assert(fc.asyncProperty(fc.array(regionCalls, { minLength: 1, maxLength: 20, size: 'max' }), runCase), settings);
  });

  it.skipIf(skip)('answers calls of its own with any arguments by a result or a PagewireError, and works on', async () => {
    using stray = new StrayErrors();
    const settings = fuzzed<[calls: ApiCall[]]>({ file, runs: 60, hangMs: 30_000 });
    const pending: CallRunner[] = [];
    const node = await join({ coordinator: cluster.coordinator.url('ws'), name: 'fuzzed', memory });
    const runCase = async (calls: ApiCall[]): Promise<void> => {
      const runner = new CallRunner();
      pending.push(runner);
      for (const call of calls) {
        await runner.judge(call, callNode(node, call));
        await giveBack(node, runner.takeGained());
      }
      expect(node.state).toBe('live');
      await stray.check();
      await cluster.check();
    };
    try {
      await fc.assert(fc.asyncProperty(fc.array(nodeCalls, { minLength: 1, maxLength: 12 }), runCase), settings);
    } finally {
      await node.close();
    }
    // Acquires and arrivals that waited for others end with the node.
    for (const runner of pending) await runner.allEnded(5000);
    await stray.check();
  });
});

describe('join', () => {
  let cluster: InProcessCluster;
  beforeAll(async () => {
    cluster = await InProcessCluster.start({ nodes: 1 });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  it('with any options ends in a node or a PagewireError, and leaves nothing behind', async () => {
    using stray = new StrayErrors();
    const nothingThere = fc.constantFrom('ws://127.0.0.1:1', 'ws://', 'ws://x y', 'grpc://127.0.0.1:99999', 'ws://127.0.0.1:0', 'http://x');
    const good = fc.constant(null).map(() => cluster.coordinator.url('ws'));
    const options = nearlyGood({
      name: fc.constantFrom('fuzzed', 'fuzzed', 'n1'),
      coordinator: fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: nothingThere }),
      memory: fc.constant('software'),
      listen: often('127.0.0.1:0', '[::1]:0', 'localhost:0', '127.0.0.1:65536', ':0', '127.0.0.1:', '0.0.0.0:0'),
      advertise: often('127.0.0.1:7', 'x'.repeat(300), `${'x'.repeat(250)}:1`),
      transports: often<unknown>(['ws'], ['grpc'], ['ws', 'ws'], [], ['http']),
      faultTimeoutMs: often(100, 0),
      plainFaultTimeoutMs: often(100, -1),
      joinTimeoutMs: fc.constantFrom(250),
      rejoin: fc.boolean(),
      place: nearlyGood({ rank: fc.nat(3), size: often(4, 65) }),
      link: nearlyGood({ heartbeatMs: often(100, 0), resumeMs: often(100, 0.5) }),
    });
    const runCase = async (given: unknown): Promise<void> => {
      const runner = new CallRunner();
      const call = { name: 'join', args: [given] };
      await runner.judge(
        call,
        promiseOf(call, () => join(given as Parameters<typeof join>[0])),
      );
      await runner.allEnded(8000);
      for (const node of runner.takeGained() as Node[]) await node.close();
      await stray.check();
      await cluster.check();
    };
    await fc.assert(fc.asyncProperty(options, runCase), fuzzed({ file, runs: 60, hangMs: 20_000 }));
  });

  it('with any value in place of options ends in a PagewireError', async () => {
    const runCase = async (given: unknown): Promise<void> => {
      const runner = new CallRunner();
      const call = { name: 'join', args: [given] };
      await runner.judge(
        call,
        promiseOf(call, () => join(given as Parameters<typeof join>[0])),
      );
      await runner.allEnded(1000);
      expect(runner.takeGained()).toEqual([]);
    };
    await fc.assert(fc.asyncProperty(anyValue, runCase), fuzzed({ file, runs: 100, hangMs: 5000 }));
  });
});
