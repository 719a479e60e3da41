import { describe, expect, it } from 'vitest';
import { codeOf, type Direction, firstByteOrCode, increment, startCluster, Tally, until, verdict } from '../src/index.js';
import { filled, freshName, leavesNoProcess, pageBytes, regionsOf, valuesIn } from './shared-cluster.js';

leavesNoProcess();

describe.each<{ what: string; lose: readonly Direction[] }>([
  { what: 'in both directions', lose: ['in', 'out'] },
  { what: 'in what it sends', lose: ['out'] },
  { what: 'in what it is sent', lose: ['in'] },
])('a node that is cut off $what', ({ lose }) => {
  it('is fenced before the others go on, and comes back when the cut heals', async () => {
    await using cluster = await startCluster({ nodes: 3, proxied: true });
    const name = freshName();
    const [a, b, c] = await regionsOf(cluster, [0, 1, 2], name, 4);
    await a.write(0, filled(2 * pageBytes, 1));
    await Promise.all([b, c].map((region) => region.read(0, 2 * pageBytes)));
    await c.write(pageBytes, filled(pageBytes, 2));
    const before = await cluster.incarnationOf(2);

    cluster.cutOff(2, { lose });
    await a.write(0, filled(8, 3));
    // The write could be done only because nobody can read the old bytes any more, over there too.
    expect(await Promise.all([c.read(0, 8), c.read(pageBytes, 8), c.write(pageBytes, filled(8, 4))].map(codeOf))).toEqual([
      'fenced',
      'fenced',
      'fenced',
    ]);
    expect(await b.read(0, 8)).toEqual(filled(8, 3));
    expect(await codeOf(b.read(pageBytes, 8))).toBe('page-lost');

    cluster.heal(2);
    await cluster.untilMembers(3);
    expect(await until('the node is back', () => c.read(0, 8))).toEqual(filled(8, 3));
    expect(await cluster.incarnationOf(2)).toBeGreaterThan(before);
    expect(await codeOf(c.read(pageBytes, 8))).toBe('page-lost');
    await c.write(2 * pageBytes, filled(8, 5));
    expect(await a.read(2 * pageBytes, 8)).toEqual(filled(8, 5));
  });
});

describe('two nodes that cannot reach each other, though the coordinator reaches both', () => {
  it('do not go on together: the younger is expelled, the older keeps its pages, and both work when the cut heals', async () => {
    await using cluster = await startCluster({ nodes: 3, proxied: true });
    const name = freshName();
    const [a, b, c] = await regionsOf(cluster, [0, 1, 2], name, 4);
    await a.write(0, filled(8, 1));
    await b.write(pageBytes, filled(8, 2));
    const before = await Promise.all([0, 1, 2].map((index) => cluster.incarnationOf(index)));

    cluster.cutOff(2, { from: 1 });
    const across = firstByteOrCode(c.read(pageBytes, 8));
    await until('the younger is expelled', async () => (await cluster.liveIncarnations()).every((one) => one !== before[2]));
    expect(await a.read(pageBytes, 8)).toEqual(filled(8, 2));
    await b.write(pageBytes, filled(8, 3));
    expect([2, 'fenced', 'timeout']).toContain(await across);

    cluster.heal(2);
    await cluster.untilMembers(3);
    expect(await until('the younger is back', () => c.read(pageBytes, 8))).toEqual(filled(8, 3));
    await c.write(0, filled(8, 4));
    expect(await b.read(0, 8)).toEqual(filled(8, 4));
    expect(await Promise.all([0, 1].map((index) => cluster.incarnationOf(index)))).toEqual(before.slice(0, 2));
  });
});

describe('connections that are slow', () => {
  it('change nothing but the time that it takes', async () => {
    await using cluster = await startCluster({ nodes: 3, proxied: true, transport: 'both', leaseMs: 20_000 });
    const name = freshName();
    const regions = await regionsOf(cluster, [0, 1, 2], name, 64);
    const [a, b, c] = regions;
    cluster.delay(0, 30);
    cluster.delay(1, 60, 2);
    const tally = new Tally();
    await Promise.all(regions.flatMap((region) => [0, 4].map(() => increment(region, 0, tally, { times: 8 }))));
    await a.write(pageBytes, filled(32 * pageBytes, 7));
    expect(valuesIn(await b.read(pageBytes, 32 * pageBytes))).toEqual([7]);
    await c.write(2 * pageBytes, filled(8, 8));
    expect(await a.read(2 * pageBytes, 8)).toEqual(filled(8, 8));
    expect(tally.acked).toBe(48);
    expect(await Promise.all(regions.map((region) => verdict(region, 0, tally)))).toEqual(['within', 'within', 'within']);
  });
});

describe('connections that are cut again and again under load', () => {
  it('lose nothing: every increment is acknowledged and counted once', async () => {
    await using cluster = await startCluster({ nodes: 3, proxied: true, transport: 'both', leaseMs: 20_000 });
    const name = freshName();
    const regions = await regionsOf(cluster, [0, 1, 2], name, 2);
    const before = await cluster.liveIncarnations();
    const tally = new Tally();
    let stopped = false;
    const lanes = regions.flatMap((region) => [0, 1, 2, 3].map(() => increment(region, 0, tally, { stop: () => stopped })));
    for (let cut = 0; cut < 12; cut += 1) {
      const { acked } = tally;
      cluster.cutConnections(cut % 3);
      await until('work goes on', () => tally.acked > acked + 50);
    }
    stopped = true;
    await Promise.all(lanes);

    expect(tally.codes).toEqual(['ok']);
    expect(await Promise.all(regions.map((region) => region.atomics.load('int32', 0)))).toEqual([0, 1, 2].map(() => tally.acked));
    expect(await cluster.liveIncarnations()).toEqual(before);
  });
});
