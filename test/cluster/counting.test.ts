import type { RegionAccess } from '@pagewire/protocol';
import { describe, expect, it } from 'vitest';
import { freshName, leavesNoProcess, pageBytes, regionOnEach, sharedCluster } from './shared-cluster.js';

leavesNoProcess();

describe.each([
  { nodes: 3, transport: 'ws' },
  { nodes: 3, transport: 'grpc' },
  { nodes: 5, transport: 'both' },
] as const)('increments from $nodes nodes over $transport, by several clients each, many in flight', ({ nodes, transport }) => {
  const cluster = sharedCluster({ nodes, transport, leaseMs: 20_000 });
  const clientsOfAll = async (pages: number): Promise<RegionAccess[]> => {
    const name = freshName();
    return (await Promise.all([1, 2].map(() => regionOnEach(cluster(), name, pages)))).flat();
  };

  it('of an int32 add up exactly, and each sees another value before its own', async () => {
    const regions = await clientsOfAll(1);
    const seen = (await Promise.all(regions.flatMap((region) => inFlight(300, () => region.atomics.add('int32', 16, 1))))).sort(
      (a, b) => a - b,
    );
    expect(seen).toEqual(Array.from({ length: 300 * regions.length }, (_, value) => value));
    expect(await regions[0]?.atomics.load('int32', 16)).toBe(300 * regions.length);
  });

  it('of a bigint64 add up exactly beyond 2^53', async () => {
    const regions = await clientsOfAll(1);
    const step = 2n ** 53n + 1n;
    await Promise.all(regions.flatMap((region) => inFlight(50, () => region.atomics.add('bigint64', 8, step))));
    expect(await regions[0]?.atomics.load('bigint64', 8)).toBe(step * 50n * BigInt(regions.length));
  });

  it('by compareExchange in a loop add up exactly', async () => {
    const regions = await clientsOfAll(1);
    await Promise.all(regions.map((region) => addByCompareExchange(region, 40)));
    expect(await regions[0]?.atomics.load('uint32', 0)).toBe(40 * regions.length);
  });

  it('of many counters on many pages add up exactly', async () => {
    const pages = 40;
    const regions = await clientsOfAll(pages);
    const offsets = Array.from({ length: pages }, (_, page) => page * pageBytes + 4 * page);
    await Promise.all(regions.flatMap((region) => offsets.flatMap((offset) => inFlight(4, () => region.atomics.add('int32', offset, 1)))));
    const totals = await Promise.all(offsets.map((offset) => regions.at(-1)?.atomics.load('int32', offset)));
    expect(totals).toEqual(offsets.map(() => 4 * regions.length));
  });

  it('each on bytes of its own, on one page shared by all, end as written and are seen to rise', async () => {
    const [writers, name] = [nodes, freshName()];
    const regions = await regionOnEach(cluster(), name, 1);
    const histories = await Promise.all(
      regions.map(async (region, mine) => {
        const history: number[][] = [];
        for (let value = 1; value <= 100; value += 1) {
          await region.write(mine * 8, new Uint8Array(8).fill(value));
          history.push(cellsOf(await region.read(0, writers * 8)));
        }
        return history;
      }),
    );
    expect(histories.flatMap(fallsIn)).toEqual([]);
    expect(histories.map((history, mine) => history.map((cells) => cells[mine]))).toEqual(
      regions.map(() => Array.from({ length: 100 }, (_, at) => at + 1)),
    );
    const read = await Promise.all(regions.map((region) => region.read(0, writers * 8)));
    expect(read.map(cellsOf)).toEqual(regions.map(() => regions.map(() => 100)));
  });
});

const inFlight = <T>(count: number, operate: () => Promise<T>): Promise<T>[] => Array.from({ length: count }, operate);

async function addByCompareExchange(region: RegionAccess, times: number): Promise<void> {
  let expected = 0;
  for (let done = 0; done < times; ) {
    const found = await region.atomics.compareExchange('uint32', 0, expected, expected + 1);
    if (found === expected) done += 1;
    expected = found === expected ? expected + 1 : found;
  }
}

/** The value of each 8-byte cell; -1 for one whose bytes differ, which a write within one page never leaves to see. */
function cellsOf(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length / 8 }, (_, cell) => {
    const values = new Set(bytes.subarray(cell * 8, cell * 8 + 8));
    const [value = -1] = values;
    return values.size === 1 ? value : -1;
  });
}

/** Where a cell was seen to fall, or torn. */
function fallsIn(history: readonly number[][]): string[] {
  const falls: string[] = [];
  for (const [at, cells] of history.entries()) {
    const before = history[at - 1] ?? cells.map(() => 0);
    for (const [cell, value] of cells.entries()) {
      if (value < (before[cell] ?? 0)) falls.push(`read ${at}, cell ${cell}: ${before[cell]} then ${value}`);
    }
  }
  return falls;
}
