import { beforeAll, expect, it } from 'vitest';
import { clusterLayer } from '../src/cluster/cluster-layer.js';
import { ClusterWatch } from '../src/cluster/cluster-watch.js';
import { bundleProduct, type SourcePatch } from '../src/cluster/product-bundle.js';
import { RunLog } from '../src/cluster/run-log.js';
import { hostOf, SimulatedCluster } from '../src/cluster/simulated-cluster.js';
import type { Failure, Layer } from '../src/layer.js';
import { complement, shrink } from '../src/shrink.js';

let sound: Layer;
beforeAll(async () => {
  sound = clusterLayer(await bundleProduct());
});

const seeds = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);

it('plays whole clusters through faults and finds nothing broken', async () => {
  const failures = [];
  for (const seed of seeds(1, 25)) failures.push((await sound.play(seed)).failure);
  expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
}, 60_000);

it('plays the same seed bit for bit the same', async () => {
  for (const seed of seeds(100, 4)) {
    const first = await sound.play(seed, { trace: true });
    const second = await sound.play(seed, { trace: true });
    expect(second.trace).toEqual(first.trace);
    expect(second.events).toBe(first.events);
  }
}, 60_000);

it('plays the same seed the same in another bundle and after other seeds', async () => {
  const { trace } = await sound.play(7, { trace: true });
  const fresh = clusterLayer(await bundleProduct());
  expect((await fresh.play(7, { trace: true })).trace).toEqual(trace);
}, 60_000);

it('disturbs what it plays', async () => {
  const counts: Record<string, number> = {};
  for (const seed of seeds(1, 40)) {
    const outcome = await sound.play(seed);
    for (const [what, count] of Object.entries(outcome.counts)) counts[what] = (counts[what] ?? 0) + count;
  }
  for (const what of ['kill', 'pause', 'partition', 'one-way', 'cut', 'fenced', 'pages lost', 'failed: page-lost', 'add', 'lock']) {
    expect(counts[what], what).toBeGreaterThan(0);
  }
}, 90_000);

it('refuses a patch that does not fit its file', async () => {
  const misfit: SourcePatch = { file: 'packages/node/src/lease.ts', find: 'no such text anywhere', replace: '' };
  await expect(bundleProduct([misfit])).rejects.toThrow('fits 0 places');
});

/** The first of the seeds that fails, and how. */
async function firstFailure(layer: Layer, first: number, count: number): Promise<{ readonly seed: number; readonly failure: Failure }> {
  for (const seed of seeds(first, count)) {
    const { failure } = await layer.play(seed);
    if (failure !== undefined) return { seed, failure };
  }
  throw new Error(`none of ${count} seeds from ${first} fails`);
}

it('finds a node that outlives its lease, and leaves out what the failure does not need', async () => {
  const overstays: SourcePatch = {
    file: 'packages/node/src/lease.ts',
    find: 'return now < this.#endsAt;',
    replace: 'return now < this.#endsAt + 5000;',
  };
  const broken = clusterLayer(await bundleProduct([overstays]));
  const { seed, failure } = await firstFailure(broken, 60, 400);
  expect(['I1', 'I5']).toContain(failure.kind);
  const shrunk = await shrink(broken, seed, failure, 60);
  expect(shrunk.kept.length).toBeLessThan(shrunk.parts);
  const again = await broken.play(seed, { without: complement(shrunk.kept, shrunk.parts) });
  expect(again.failure).toEqual(shrunk.failure);
}, 120_000);

it('keeps the link of a peer that hears of a node before the node hears that it was let in', async () => {
  const log = new RunLog(false);
  const machine = { clockRate: 1, clockStart: 0, slowestEventMs: 0.002 };
  const cluster = new SimulatedCluster({
    seed: 1,
    bundle: await bundleProduct(),
    network: { fastestMs: 0.1, slowestMs: 0.2, spikes: 0, spikeMs: 0 },
    leaseMs: 1000,
    renewEveryMs: 150,
    faultTimeoutMs: 5000,
    storeBytes: 1024,
    watcher: new ClusterWatch(1, log, true),
  });
  log.follow(cluster.time);
  await cluster.startCoordinator(machine);
  cluster.network.slow(hostOf(0), hostOf(1), 100);
  const older = cluster.startNode(1, machine, () => {});
  const isListed = (): boolean => cluster.coordinator?.status().nodes.length === 1;
  await cluster.time.run(1000, isListed);
  expect([isListed(), older.node]).toEqual([true, undefined]);
  const younger = cluster.startNode(2, machine, () => {});
  await cluster.time.run(10_000);
  expect(log.failure).toBeUndefined();
  expect([older.node?.state, younger.node?.state]).toEqual(['live', 'live']);
}, 30_000);
