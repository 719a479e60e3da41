import { type Client, connect, connectAdmin } from '@pagewire/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type ApiCall, accessCalls, callRegion, clientCalls, promiseOf, untyped } from '../api-calls.js';
import { CallRunner } from '../call-runner.js';
import { fuzzed } from '../fuzzing.js';
import { anyValue, oddOptions } from '../hostile-values.js';
import { InProcessCluster } from '../in-process-cluster.js';
import { StrayErrors } from '../stray-errors.js';

const file = 'test/fuzz/test/client-arguments-fuzz.test.ts';
let cluster: InProcessCluster;
beforeAll(async () => {
  cluster = await InProcessCluster.start({ nodes: 2, faultTimeoutMs: 400 });
}, 30_000);
afterAll(() => cluster[Symbol.asyncDispose]());

describe.each(['ws', 'grpc'] as const)('a client over %s', (transport) => {
  const url = (): string => cluster.node(1).urls.find((one) => one.startsWith(transport)) ?? '';
  let client: Client;
  beforeAll(async () => {
    client = await connect(url());
  });
  afterAll(() => client.close());

  it('answers calls of a region with any arguments by a result or a PagewireError, and works on', async () => {
    using stray = new StrayErrors();
    const runCase = async (calls: ApiCall[]): Promise<void> => {
      const runner = new CallRunner();
      const region = await client.region('grid', { bytes: 16_384, pageBytes: 4096 });
      for (const call of calls) await runner.judge(call, callRegion(region, call));
      await runner.allEnded(5000);
      await stray.check();
      await cluster.check();
    };
    const settings = fuzzed<[calls: ApiCall[]]>({ file, runs: 100, hangMs: 20_000 });
    await fc.assert(fc.asyncProperty(fc.array(accessCalls, { minLength: 1, maxLength: 20, size: 'max' }), runCase), settings);
  });

  it('answers calls of its own with any arguments by a result or a PagewireError, and works on', async () => {
    using stray = new StrayErrors();
    const runCase = async (calls: ApiCall[]): Promise<void> => {
      const runner = new CallRunner();
      const on = untyped(client);
      for (const call of calls)
        await runner.judge(
          call,
          promiseOf(call, () => on[call.name]?.(...call.args)),
        );
      await runner.allEnded(5000);
      for (const { name } of await client.regions()) if (name !== 'grid' && name !== 'fuzz-counters') await client.deleteRegion(name);
      await stray.check();
      await cluster.check();
    };
    const settings = fuzzed<[calls: ApiCall[]]>({ file, runs: 60, hangMs: 20_000 });
    await fc.assert(fc.asyncProperty(fc.array(clientCalls, { minLength: 1, maxLength: 12 }), runCase), settings);
  });
});

describe.each([
  ['connect', connect],
  ['connectAdmin', connectAdmin],
] as const)('%s', (name, connecting) => {
  it('with any arguments ends in a connection or a PagewireError, and leaves nothing behind', async () => {
    using stray = new StrayErrors();
    const there = fc.constant(null).map(() => (name === 'connect' ? (cluster.node(0).urls[0] ?? '') : cluster.coordinator.url('grpc')));
    const url = fc.oneof(
      { weight: 4, arbitrary: there },
      { weight: 1, arbitrary: fc.constantFrom('ws://127.0.0.1:1', 'ws://', 'ws://[::1', 'grpc://127.0.0.1:99999', 'memory://a:1') },
      { weight: 1, arbitrary: anyValue },
    );
    const options = oddOptions({
      connectTimeoutMs: fc.constantFrom(200, 0, 2 ** 31),
      operationTimeoutMs: fc.constantFrom(200, 1),
      maxInFlight: fc.constantFrom(1, 4096, 4097),
      link: oddOptions({ heartbeatMs: fc.constantFrom(100, 0), maxBatchBytes: fc.constantFrom(1, 100), nothing: fc.constant(1) }),
    }).map((made) => (typeof made === 'object' && made !== null ? { connectTimeoutMs: 200, ...made } : made));
    const runCase = async (to: unknown, given: unknown): Promise<void> => {
      const runner = new CallRunner();
      const call = { name, args: [to, given] };
      await runner.judge(
        call,
        promiseOf(call, () => untyped({ connecting })['connecting']?.(to, given)),
      );
      await runner.allEnded(8000);
      for (const made of runner.takeGained() as Client[]) await made.close();
      await stray.check();
      await cluster.check();
    };
    await fc.assert(fc.asyncProperty(url, options, runCase), fuzzed({ file, runs: 100, hangMs: 20_000 }));
  });
});
