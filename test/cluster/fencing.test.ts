import { describe, expect, it } from 'vitest';
import { codeOf, firstByteOrCode, increment, startCluster, Tally, until, verdict } from '../src/index.js';
import { filled, freshName, leavesNoProcess, pageBytes, regionsOf } from './shared-cluster.js';

leavesNoProcess();

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

describe('a killed node that is started again under its name', () => {
  it('joins as a new incarnation, and its old clients see what was written meanwhile', async () => {
    await using cluster = await startCluster({ nodes: 3 });
    const name = freshName();
    const [a, b, c] = await regionsOf(cluster, [0, 1, 2], name, 4);
    await a.write(0, filled(2 * pageBytes, 1));
    expect(await c.read(0, 8)).toEqual(filled(8, 1));
    await c.write(3 * pageBytes, filled(8, 1));
    const before = await cluster.incarnationOf(2);

    await cluster.kill(2);
    await cluster.restart(2);
    await cluster.untilMembers(3);
    await b.write(0, filled(8, 2));

    expect(await cluster.incarnationOf(2)).toBeGreaterThan(before);
    expect(await c.read(0, 16)).toEqual(new Uint8Array([...filled(8, 2), ...filled(8, 1)]));
    expect(await codeOf(c.read(3 * pageBytes, 8))).toBe('page-lost');
    await c.write(pageBytes, filled(8, 3));
    expect(await a.read(pageBytes, 8)).toEqual(filled(8, 3));
  });

  it('comes back again and again without losing an increment that its survivors hold', async () => {
    await using cluster = await startCluster({ nodes: 2, leaseMs: 1500 });
    const name = freshName();
    const [a, b] = await regionsOf(cluster, [0, 1], name, 1);
    const tally = new Tally();
    for (let life = 0; life < 3; life += 1) {
      await Promise.all([a, b].map((region) => increment(region, 0, tally, { times: 20 })));
      await increment(a, 0, tally, { times: 1 });
      await cluster.kill(1);
      await cluster.restart(1);
    }
    expect(tally.acked).toBe(3 * 41);
    expect(await verdict(b, 0, tally)).toBe('within');
  });
});

describe('a node that is stopped for longer than its lease', () => {
  it('answers nothing from before, then rejoins and sees what others wrote', async () => {
    await using cluster = await startCluster({ nodes: 3 });
    const name = freshName();
    const [a, b, c] = await regionsOf(cluster, [0, 1, 2], name, 4);
    await a.write(0, filled(2 * pageBytes, 1));
    await Promise.all([b, c].map((region) => region.read(0, 2 * pageBytes)));
    await c.write(pageBytes, filled(pageBytes, 2));
    const before = await cluster.incarnationOf(2);

    cluster.stop(2);
    const asked = times(50, () => firstByteOrCode(c.read(0, 8)));
    const written = times(5, () => codeOf(c.write(pageBytes, filled(8, 4))));
    await a.write(0, filled(pageBytes, 3));
    expect(await codeOf(b.read(pageBytes, 8))).toBe('page-lost');
    cluster.continue(2);

    const answers = [...new Set(await Promise.all(asked))];
    expect(answers.filter((answer) => answer !== 3 && answer !== 'fenced')).toEqual([]);
    expect(await Promise.all(written)).not.toContain('ok');
    await cluster.untilMembers(3);
    expect(await until('the node is back', () => c.read(0, 8))).toEqual(filled(8, 3));
    expect(await cluster.incarnationOf(2)).toBeGreaterThan(before);
    expect(await codeOf(c.read(pageBytes, 8))).toBe('page-lost');
    await c.write(2 * pageBytes, filled(8, 5));
    expect(await a.read(2 * pageBytes, 8)).toEqual(filled(8, 5));
  });

  it('does increments that wait in it once or not at all', async () => {
    await using cluster = await startCluster({ nodes: 2 });
    const name = freshName();
    const [a, b] = await regionsOf(cluster, [0, 1], name, 1);
    const tally = new Tally();
    await Promise.all([a, b].map((region) => increment(region, 0, tally, { times: 20 })));
    await increment(a, 0, tally, { times: 1 });

    cluster.stop(1);
    const waiting = times(20, () => increment(b, 0, tally, { times: 1 }));
    await cluster.untilMembers(1);
    await increment(a, 0, tally, { times: 20 });
    cluster.continue(1);
    await Promise.all(waiting);
    await cluster.untilMembers(2);

    expect(await until('the node is back', () => verdict(b, 0, tally))).toBe('within');
    expect(await verdict(a, 0, tally)).toBe('within');
  });
});

describe('a node that is stopped for less than its lease', () => {
  it('goes on as if nothing had happened', async () => {
    await using cluster = await startCluster({ nodes: 2, leaseMs: 20_000 });
    const name = freshName();
    const [a, b] = await regionsOf(cluster, [0, 1], name, 2);
    await b.write(0, filled(8, 1));
    const before = await cluster.incarnationOf(1);
    const { readFaults } = await cluster.counters(0);
    cluster.stop(1);
    const read = a.read(0, 8);
    const queued = b.write(pageBytes, filled(8, 2));
    await cluster.untilCounters(0, (counters) => counters.readFaults > readFaults);
    cluster.continue(1);
    expect(await read).toEqual(filled(8, 1));
    await queued;
    expect(await a.read(pageBytes, 8)).toEqual(filled(8, 2));
    expect(await cluster.incarnationOf(1)).toBe(before);
  });
});
