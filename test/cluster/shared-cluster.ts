import type { RegionAccess } from '@pagewire/protocol';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Cluster, type ClusterOptions, Managed, startCluster } from '../src/index.js';

/** A cluster for all tests of the enclosing `describe`; call the result to get it. */
export function sharedCluster(options: ClusterOptions): () => Cluster {
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await startCluster(options);
  });
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
  });
  return () => {
    if (cluster === undefined) throw new Error('the cluster is started before the tests run');
    return cluster;
  };
}

/** To be called at the top of each file: when its tests are over, no process that they started is alive. */
export function leavesNoProcess(): void {
  afterAll(() => expect(Managed.running).toEqual([]));
}

let regions = 0;
/** A region name that no other test of this file uses. */
export function freshName(what = 'region'): string {
  regions += 1;
  return `${what}-${regions}`;
}

/**
 * The values that occur in `bytes`. Long arrays are compared by this and not by `toEqual`, which takes so long for them that proxies, which
 * live in the process of the test, would stand still long enough to cut nodes off.
 */
export const valuesIn = (bytes: Uint8Array): number[] => [...new Set(bytes)];

/** `length` bytes of `value`. */
export const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

export const pageBytes = 4096;

/** A region of `pages` pages as a client of one node sees it. The client gives a node that is gone up soon. */
export async function clientOf(
  cluster: Cluster,
  index: number,
  name: string,
  pages: number,
  operationTimeoutMs = 8000,
): Promise<RegionAccess> {
  const client = await cluster.client(index, { operationTimeoutMs, link: { resumeMs: 500 } });
  return client.region(name, { bytes: pages * pageBytes, pageBytes });
}

/** One such region as clients of the nodes `indexes` see it. */
export async function regionsOf<const Indexes extends readonly number[]>(
  cluster: Cluster,
  indexes: Indexes,
  name: string,
  pages: number,
  operationTimeoutMs?: number,
): Promise<{ -readonly [At in keyof Indexes]: RegionAccess }> {
  const regions = await Promise.all(indexes.map((index) => clientOf(cluster, index, name, pages, operationTimeoutMs)));
  // `map` keeps the length, which its type does not say.
  return regions as { -readonly [At in keyof Indexes]: RegionAccess };
}

/** One such region as a client of each node sees it. */
export const regionOnEach = (cluster: Cluster, name: string, pages: number): Promise<RegionAccess[]> =>
  Promise.all(cluster.nodes.map((_, index) => clientOf(cluster, index, name, pages)));
