import { join } from '@pagewire/node';
import { describe, expect, it } from 'vitest';
import { codeOf, increment, startCluster, Tally, verdict } from '../src/index.js';
import { clientOf, filled, freshName, leavesNoProcess, pageBytes, regionsOf, sharedCluster, valuesIn } from './shared-cluster.js';

leavesNoProcess();

describe('a node that is asked to end', () => {
  it('hands over every page it holds first, whatever it holds it for', async () => {
    const pages = 300;
    await using cluster = await startCluster({ nodes: 3, leaseMs: 20_000 });
    const name = freshName();
    const [a, b, c] = await regionsOf(cluster, [0, 1, 2], name, pages);
    await c.write(0, filled(pages * pageBytes, 1));
    await b.read(0, 100 * pageBytes);
    expect(await cluster.node(2).process.end('SIGTERM')).toBe(0);
    await cluster.untilMembers(2);
    expect(valuesIn(await a.read(0, pages * pageBytes))).toEqual([1]);
    expect((await cluster.status()).pagesLost).toBe(0);
  });

  it('loses no acknowledged increment in the middle of work, and does none twice', async () => {
    await using cluster = await startCluster({ nodes: 3, leaseMs: 20_000 });
    const name = freshName();
    const [a, b, c] = await regionsOf(cluster, [0, 1, 2], name, 1, 2000);
    const tally = new Tally();
    const lanes = [a, b, c, a, b, c].map((region) => increment(region, 0, tally, { stop: () => tally.acked > 1500 }));
    await increment(c, 0, tally, { times: 100 });
    expect(await cluster.node(2).process.end('SIGTERM')).toBe(0);
    await Promise.all(lanes);
    expect(await verdict(a, 0, tally)).toBe('within');
    expect(await verdict(b, 0, tally)).toBe('within');
  });

  it('leaves the data to the cluster even when it is the last', async () => {
    await using cluster = await startCluster({ nodes: 2, leaseMs: 20_000 });
    const name = freshName();
    const [a, b] = await regionsOf(cluster, [0, 1], name, 40);
    await a.write(0, filled(20 * pageBytes, 1));
    await b.write(20 * pageBytes, filled(20 * pageBytes, 2));
    expect(await Promise.all(cluster.nodes.map((node) => node.process.end('SIGTERM')))).toEqual([0, 0]);
    await cluster.restart(0);
    const back = await clientOf(cluster, 0, name, 40);
    expect(valuesIn(await back.read(0, 20 * pageBytes))).toEqual([1]);
    expect(valuesIn(await back.read(20 * pageBytes, 20 * pageBytes))).toEqual([2]);
  });
});

describe.each(['ws', 'grpc'] as const)('a program that joins over %s', (scheme) => {
  const cluster = sharedCluster({ nodes: 2, transport: 'both', leaseMs: 20_000 });
  const joined = () => join({ coordinator: `${scheme}://127.0.0.1:${cluster().coordinatorPort}`, name: `program-${scheme}` });

  it('shares memory with the other nodes by read, write, atomics, pin and prefetch', async () => {
    await using node = await joined();
    const name = freshName(scheme);
    await using region = await node.region(name, { bytes: 16 * pageBytes, pageBytes });
    const [a, b] = await regionsOf(cluster(), [0, 1], name, 16);
    await a.write(0, filled(8, 1));
    expect(await region.read(0, 8)).toEqual(filled(8, 1));
    await region.write(pageBytes, filled(8, 2));
    expect(await b.read(pageBytes, 8)).toEqual(filled(8, 2));

    const tally = new Tally();
    await Promise.all([a, b, region].map((one) => increment(one, 64, tally, { times: 100 })));
    expect(await region.atomics.load('int32', 64)).toBe(300);

    await b.write(2 * pageBytes, filled(8 * pageBytes, 3));
    await region.prefetch(2 * pageBytes, 8 * pageBytes);
    const { readFaults } = node.counters();
    expect(valuesIn(await region.read(2 * pageBytes, 8 * pageBytes))).toEqual([3]);
    expect(node.counters().readFaults).toBe(readFaults);

    const pin = await region.pin(12 * pageBytes, 8);
    const order: string[] = [];
    const read = a.read(12 * pageBytes, 8).then((bytes) => {
      order.push('read');
      return bytes;
    });
    const { readFaults: before } = await cluster().counters(0);
    await cluster().untilCounters(0, (counters) => counters.readFaults >= before);
    pin.bytes.set(filled(8, 4));
    order.push('released');
    pin.release();
    expect(await read).toEqual(filled(8, 4));
    expect(order).toEqual(['released', 'read']);
  });

  it('is refused a name that is taken, and a cluster that is not there', async () => {
    await using node = await joined();
    expect(await codeOf(joined())).toBe('name-taken');
    expect(await codeOf(join({ coordinator: `${scheme}://127.0.0.1:1`, name: 'lost', joinTimeoutMs: 300 }))).toBe('unreachable');
    expect(node.state).toBe('live');
  });

  it('leaves what it wrote to the others when it closes', async () => {
    const name = freshName(scheme);
    {
      await using node = await joined();
      const region = await node.region(name, { bytes: 4 * pageBytes, pageBytes });
      await region.write(0, filled(4 * pageBytes, 5));
    }
    const a = await clientOf(cluster(), 0, name, 4);
    expect(valuesIn(await a.read(0, 4 * pageBytes))).toEqual([5]);
  });
});
