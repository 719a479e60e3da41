import { join } from '@pagewire/node';
import { describe, expect, it } from 'vitest';
import { type Cluster, codeOf, firstByteOrCode, increment, startCluster, Tally, until, verdict } from '../src/index.js';
import { clientOf, filled, freshName, leavesNoProcess, pageBytes, regionsOf, valuesIn } from './shared-cluster.js';

leavesNoProcess();

describe('a node that is killed in the middle of a long write of a client', () => {
  it('tells the client that the outcome is unknown, and leaves each page old, new or lost: the same for everybody', async () => {
    const pages = 4096;
    await using cluster = await startCluster({ nodes: 3, leaseMs: 3000 });
    const name = freshName();
    const [a, b, c] = await regionsOf(cluster, [0, 1, 2], name, pages, 20_000);
    await a.write(0, filled(pages * pageBytes, 1));
    await b.read(0, pages * pageBytes);
    const { writeFaults } = await cluster.counters(2);

    const outcome = codeOf(c.write(0, filled(pages * pageBytes, 2)));
    await cluster.untilCounters(2, (counters) => counters.writeFaults >= writeFaults + 256);
    await cluster.kill(2);

    expect(await outcome).toBe('outcome-unknown');
    const seen = await Promise.all([a, b].map((region) => statesOf(region, pages)));
    expect(seen[0]).toEqual(seen[1]);
    expect([...new Set(seen[0])].filter((state) => !['1', '2', 'page-lost'].includes(state))).toEqual([]);
    expect(new Set(seen[0])).toContain('1');
  });
});

/** For each page the bytes that it consists of (one, unless it is torn), or the code of the failed read. */
function statesOf(region: Awaited<ReturnType<typeof clientOf>>, pages: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: pages }, async (_, page) => {
      let bytes: Uint8Array = new Uint8Array();
      const code = await codeOf(
        region.read(page * pageBytes, pageBytes).then((read) => {
          bytes = read;
        }),
      );
      return code === 'ok' ? valuesIn(bytes).join() : code;
    }),
  );
}

describe('increments from every node while one of them is killed', () => {
  it('are all there, the unknown ones perhaps, on every counter whose page survives, and those that it never wrote do', async () => {
    await using cluster = await startCluster({ nodes: 3 });
    const name = freshName();
    const safe = 12;
    const counters = Array.from({ length: 2 * safe }, (_, page) => ({ offset: page * pageBytes, tally: new Tally() }));
    const acked = () => counters.reduce((sum, { tally }) => sum + tally.acked, 0);
    let stopped = false;
    const lanes = await lanesOn(cluster, name, counters.length);
    // The node that dies may be the holder of all the counters that it works on: the pages of one round of requests travel together.
    const running = lanes.flatMap((region, index) =>
      counters.slice(index === 2 ? safe : 0).map(({ offset, tally }) => increment(region, offset, tally, { stop: () => stopped })),
    );
    await until('the load runs', () => acked() > 1000);
    await cluster.kill(2);
    const before = acked();
    await until('the survivors go on', () => acked() > before + 500);
    stopped = true;
    await Promise.all(running);

    const verdicts = await Promise.all(
      [0, 1].map(async (index) => {
        const region = await clientOf(cluster, index, name, counters.length);
        return Promise.all(counters.map(({ offset, tally }) => verdict(region, offset, tally)));
      }),
    );
    expect(verdicts[0]).toEqual(verdicts[1]);
    expect(new Set(verdicts[0]?.slice(0, safe))).toEqual(new Set(['within']));
    expect(verdicts[0]?.filter((one) => one !== 'within' && one !== 'lost')).toEqual([]);
  });

  it('are exact, the unknown ones apart, where the counter is elsewhere at that moment', async () => {
    await using cluster = await startCluster({ nodes: 3 });
    await using keeper = await join({ coordinator: cluster.coordinatorUrl, name: 'keeper' });
    const name = freshName();
    const [a, b, c] = await regionsOf(cluster, [0, 1, 2], name, 1);
    const tally = new Tally();
    await Promise.all([a, b, c].map((region) => increment(region, 0, tally, { times: 50 })));
    const region = await keeper.region(name);
    const pin = await region.pin(0, 4);
    const { writeFaults } = await cluster.counters(2);
    const waiting = [a, b, c, c, c].map((lane) => increment(lane, 0, tally, { times: 1 }));
    await cluster.untilCounters(2, (counters) => counters.writeFaults > writeFaults);
    await cluster.kill(2);
    await cluster.untilMembers(3);
    pin.release();
    await Promise.all(waiting);

    expect(tally.acked).toBe(152);
    expect(tally.unknown).toBe(3);
    expect(await verdict(b, 0, tally)).toBe('within');
  });
});

const lanesOn = (cluster: Cluster, name: string, pages: number) =>
  Promise.all(cluster.nodes.map((_, index) => clientOf(cluster, index, name, pages)));

describe('nodes that are killed one after the other', () => {
  it('never make a page that was seen by a survivor older than what it saw', async () => {
    const pages = 32;
    await using cluster = await startCluster({ nodes: 4 });
    const name = freshName();
    const [a, b, c, d] = await regionsOf(cluster, [0, 1, 2, 3], name, pages);
    const offsets = Array.from({ length: pages }, (_, page) => page * pageBytes);
    const everywhere = (region: typeof a, value: number) => Promise.all(offsets.map((offset) => region.write(offset, filled(8, value))));
    const seenBy = (region: typeof a) => Promise.all(offsets.map((offset) => firstByteOrCode(region.read(offset, 8))));
    await everywhere(d, 1);
    await everywhere(c, 2);
    expect(new Set(await seenBy(a))).toEqual(new Set([2]));
    await Promise.all([cluster.kill(3), cluster.kill(2)]);
    expect(new Set(await seenBy(b))).toEqual(new Set([2]));
    await everywhere(b, 3);
    expect(new Set(await seenBy(a))).toEqual(new Set([3]));
    await cluster.kill(1);
    expect(new Set(await seenBy(a))).toEqual(new Set([3]));
  });
});
