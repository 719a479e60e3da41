import { beforeAll, expect, it } from 'vitest';
import { clusterLayer } from '../src/cluster/cluster-layer.js';
import { bundleProduct, type SourcePatch } from '../src/cluster/product-bundle.js';
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
