import type { RegionAccess } from '@pagewire/protocol';
import { describe, expect, it } from 'vitest';
import { codeOf, startCluster } from '../src/index.js';
import { filled, freshName, leavesNoProcess, pageBytes, regionsOf, valuesIn } from './shared-cluster.js';

leavesNoProcess();

/** Every kind of access to one page. */
const everyAccess = (region: RegionAccess, page: number): Promise<unknown>[] => [
  region.read(page * pageBytes, pageBytes),
  region.write(page * pageBytes, filled(pageBytes, 9)),
  region.write(page * pageBytes + 1, filled(1, 9)),
  region.atomics.load('int32', page * pageBytes),
  region.atomics.add('int32', page * pageBytes, 1),
];

const codesOf = (accesses: readonly Promise<unknown>[]) => Promise.all(accesses.map(codeOf));

describe('a node that is killed', () => {
  it('takes the pages that it alone held with it, for everybody and every access, and no others', async () => {
    await using cluster = await startCluster({ nodes: 3 });
    const name = freshName();
    const [a, b, c] = await regionsOf(cluster, [0, 1, 2], name, 8);
    await a.write(0, filled(2 * pageBytes, 1));
    await c.write(2 * pageBytes, filled(2 * pageBytes, 2));
    expect(valuesIn(await b.read(2 * pageBytes, 2 * pageBytes))).toEqual([2]);
    await a.write(4 * pageBytes, filled(2 * pageBytes, 3));
    expect(valuesIn(await b.read(4 * pageBytes, 2 * pageBytes))).toEqual([3]);
    await c.write(4 * pageBytes, filled(3 * pageBytes, 4));

    await cluster.kill(2);

    const lost = await Promise.all([4, 5, 6].flatMap((page) => [a, b].map((region) => codesOf(everyAccess(region, page)))));
    expect(new Set(lost.flat())).toEqual(new Set(['page-lost']));
    expect(valuesIn(await b.read(0, 2 * pageBytes))).toEqual([1]);
    expect(valuesIn(await a.read(2 * pageBytes, 2 * pageBytes))).toEqual([2]);
    expect(valuesIn(await a.read(7 * pageBytes, pageBytes))).toEqual([0]);
    expect((await cluster.status()).pages.lost).toBe(3);
  });

  it('takes nothing with it where it only shared, and others can write there', async () => {
    await using cluster = await startCluster({ nodes: 3 });
    const name = freshName();
    const [a, b, c] = await regionsOf(cluster, [0, 1, 2], name, 4);
    await a.write(0, filled(4 * pageBytes, 1));
    await Promise.all([b.read(0, 4 * pageBytes), c.read(0, 4 * pageBytes)]);

    await cluster.kill(2);

    expect(valuesIn(await b.read(0, 4 * pageBytes))).toEqual([1]);
    await Promise.all([a.write(0, filled(2 * pageBytes, 2)), b.write(2 * pageBytes, filled(2 * pageBytes, 3))]);
    expect(valuesIn(await b.read(0, 2 * pageBytes))).toEqual([2]);
    expect(valuesIn(await a.read(2 * pageBytes, 2 * pageBytes))).toEqual([3]);
    expect((await cluster.status()).pagesLost).toBe(0);
  });

  it('leaves a region whose lost pages come back as zeros once it is deleted and created anew', async () => {
    await using cluster = await startCluster({ nodes: 2 });
    const name = freshName();
    const [a, b] = await regionsOf(cluster, [0, 1], name, 1);
    await b.write(0, filled(pageBytes, 1));
    await cluster.kill(1);
    expect(await codeOf(a.read(0, 1))).toBe('page-lost');
    const client = await cluster.client(0);
    await client.deleteRegion(name);
    expect(await codeOf(a.read(0, 1))).toBe('no-such-region');
    const anew = await client.region(name, { bytes: pageBytes });
    expect(valuesIn(await anew.read(0, pageBytes))).toEqual([0]);
  });
});

describe('a page that is on its way from an exclusive holder to a writer', () => {
  it('is lost when the holder dies before it arrives, and the writer is told', async () => {
    await using scene = await pageOnItsWay((b) => b.write(0, filled(8, 2)));
    await scene.cluster.kill(0);
    expect(await scene.arrival).toBe('page-lost');
    expect(await codeOf(scene.third.read(0, 8))).toBe('page-lost');
  });

  it('is not lost when the holder dies but the bytes arrive', async () => {
    await using scene = await pageOnItsWay((b) => b.write(0, filled(8, 2)));
    await scene.cluster.kill(0);
    scene.cluster.heal(1);
    expect(await scene.arrival).toBe('ok');
    expect(await scene.third.read(0, 16)).toEqual(new Uint8Array([...filled(8, 2), ...filled(8, 1)]));
  });

  it('is as it was when the writer dies before it arrives', async () => {
    await using scene = await pageOnItsWay((b) => b.write(0, filled(8, 2)));
    await scene.cluster.kill(1);
    expect(await scene.third.read(0, 16)).toEqual(filled(16, 1));
    await scene.first.write(0, filled(8, 3));
    expect(await scene.third.read(0, 8)).toEqual(filled(8, 3));
    expect(await scene.arrival).toBe('outcome-unknown');
  });
});

describe('a page that is on its way from an exclusive holder to a reader', () => {
  it('reaches the reader from elsewhere when the holder dies', async () => {
    await using scene = await pageOnItsWay((b) => b.read(0, 16).then((bytes) => expect(bytes).toEqual(filled(16, 1))));
    await scene.cluster.kill(0);
    expect(await scene.arrival).toBe('ok');
    expect(await scene.third.read(0, 16)).toEqual(filled(16, 1));
  });

  it('is as it was when the reader dies', async () => {
    await using scene = await pageOnItsWay((b) => b.read(0, 16));
    await scene.cluster.kill(1);
    expect(await scene.third.read(0, 16)).toEqual(filled(16, 1));
    await scene.first.write(0, filled(8, 3));
    expect(await scene.third.read(0, 8)).toEqual(filled(8, 3));
  });
});

/** Three nodes, a page full of ones that the first holds exclusively, and `access` of the second, for which the page is between the two. */
async function pageOnItsWay(access: (region: RegionAccess) => Promise<unknown>) {
  const cluster = await startCluster({ nodes: 3, proxied: true });
  const name = freshName();
  const [first, second, third] = await regionsOf(cluster, [0, 1, 2], name, 1);
  await first.write(0, filled(pageBytes, 1));
  const { pagesSent } = await cluster.counters(0);
  cluster.delay(1, 60_000, 0);
  const arrival = codeOf(access(second));
  await cluster.untilCounters(0, (counters) => counters.pagesSent > pagesSent);
  return { cluster, first, third, arrival, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
}
