import { connect, requestStatus } from '@pagewire/client';
import { describe, expect, it } from 'vitest';
import { codeOf, firstByteOrCode, increment, startCluster, Tally, until } from '../src/index.js';
import { clientOf, filled, freshName, leavesNoProcess, pageBytes, regionsOf } from './shared-cluster.js';

leavesNoProcess();

describe('a coordinator that is killed', () => {
  it('leaves every access with an answer or a clear error, and nodes that end when they are told to', async () => {
    await using cluster = await startCluster({ nodes: 2 });
    const name = freshName();
    const [a, b] = await regionsOf(cluster, [0, 1], name, 4);
    await a.write(0, filled(8, 1));
    await cluster.coordinator.end('SIGKILL');

    const accesses = [a, b].flatMap((region) => [
      region.read(0, 8),
      region.read(pageBytes, 8),
      region.write(2 * pageBytes, filled(8, 1)),
      region.atomics.add('int32', 3 * pageBytes, 1),
    ]);
    const codes = new Set(await Promise.all(accesses.map(codeOf)));
    expect([...codes].filter((code) => code !== 'ok' && code !== 'fenced')).toEqual([]);
    await until('both nodes have fenced themselves', async () => {
      const now = await Promise.all([a, b].map((region) => codeOf(region.read(0, 8))));
      return now.every((code) => code === 'fenced');
    });
    await using late = await connect(cluster.node(0).url);
    expect(await codeOf(late.region(name))).toBe('fenced');
    expect((await late.status())['state']).toBe('fenced');
    expect(await codeOf(requestStatus(cluster.coordinatorUrl, { connectTimeoutMs: 300 }))).toBe('unreachable');
    expect(await Promise.all(cluster.nodes.map((node) => node.process.end('SIGTERM')))).toEqual([0, 0]);
  });

  it('is found again by its nodes when it is started anew, and no old region is taken for a new one', async () => {
    await using cluster = await startCluster({ nodes: 3, transport: 'both' });
    const name = freshName();
    const [a, b] = await regionsOf(cluster, [0, 1], name, 2);
    await a.write(0, filled(8, 1));
    expect(await b.read(0, 8)).toEqual(filled(8, 1));

    await cluster.restartCoordinator();
    await cluster.untilMembers(3);

    expect(await until('node 0 is back', async () => notFenced(await codeOf(a.read(0, 8))))).toBe('no-such-region');
    expect(await until('node 1 is back', async () => notFenced(await codeOf(b.write(0, filled(8, 2)))))).toBe('no-such-region');
    const anew = await regionsOf(cluster, [0, 1, 2], name, 2);
    expect(await Promise.all(anew.map((region) => firstByteOrCode(region.read(0, 8))))).toEqual([0, 0, 0]);
    await anew[2]?.write(0, filled(8, 3));
    expect(await Promise.all(anew.map((region) => firstByteOrCode(region.read(0, 8))))).toEqual([3, 3, 3]);
  });
});

const notFenced = <T>(code: T): T | undefined => (code === 'fenced' ? undefined : code);

describe('a coordinator that is stopped', () => {
  it('for less than a lease, delays work and loses nothing', async () => {
    await using cluster = await startCluster({ nodes: 2, leaseMs: 20_000 });
    const name = freshName();
    const regions = await regionsOf(cluster, [0, 1], name, 3);
    const before = await cluster.liveIncarnations();
    const tally = new Tally();
    let stopped = false;
    const lanes = regions.flatMap((region) => [0, 1].map(() => increment(region, 0, tally, { stop: () => stopped })));
    await until('the load runs', () => tally.acked > 100);
    const { readFaults } = await cluster.counters(1);
    cluster.coordinator.freeze();
    const untouched = firstByteOrCode(clientOf(cluster, 1, name, 3).then((region) => region.read(pageBytes, 8)));
    const other = regions[1]?.read(2 * pageBytes, 8);
    await cluster.untilCounters(1, (counters) => counters.readFaults > readFaults);
    cluster.coordinator.signal('SIGCONT');
    const { acked } = tally;
    await until('the load goes on', () => tally.acked > acked + 100);
    stopped = true;
    await Promise.all(lanes);

    expect(await untouched).toBe(0);
    expect(await other).toEqual(filled(8, 0));
    expect(tally.codes).toEqual(['ok']);
    expect(await regions[1]?.atomics.load('int32', 0)).toBe(tally.acked);
    expect(await cluster.liveIncarnations()).toEqual(before);
  });

  it('for longer than the leases, finds its nodes again: shared pages are as they were, exclusive ones are lost', async () => {
    await using cluster = await startCluster({ nodes: 2 });
    const name = freshName();
    const [a, b] = await regionsOf(cluster, [0, 1], name, 2);
    await a.write(0, filled(8, 1));
    expect(await b.read(0, 8)).toEqual(filled(8, 1));
    await b.write(pageBytes, filled(8, 2));
    const before = await cluster.liveIncarnations();

    cluster.coordinator.freeze();
    await until('both nodes have fenced themselves', async () => {
      const codes = await Promise.all([a.read(0, 8), b.read(pageBytes, 8)].map(codeOf));
      return codes.every((code) => code === 'fenced');
    });
    cluster.coordinator.signal('SIGCONT');
    await until('both nodes are members anew', async () => {
      const now = await cluster.liveIncarnations();
      return now.length === 2 && now.every((one) => !before.includes(one));
    });

    expect(await until('node 0 is back', () => a.read(0, 8))).toEqual(filled(8, 1));
    expect(await until('node 1 is back', () => b.read(0, 8))).toEqual(filled(8, 1));
    expect(await Promise.all([a, b].map((region) => codeOf(region.read(pageBytes, 8))))).toEqual(['page-lost', 'page-lost']);
  });
});
