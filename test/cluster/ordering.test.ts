import type { RegionAccess } from '@pagewire/protocol';
import { describe, expect, it } from 'vitest';
import { filled, freshName, leavesNoProcess, pageBytes, regionsOf, sharedCluster, valuesIn } from './shared-cluster.js';

leavesNoProcess();

// Litmus tests after Alglave, Maranget, Tautschnig, "Herding cats", 2014: each names an outcome that sequential consistency forbids.
describe.each(['ws', 'grpc', 'both'] as const)('four nodes over %s', (transport) => {
  const cluster = sharedCluster({ nodes: 4, transport, leaseMs: 20_000 });
  const x = 0;
  const y = 3 * pageBytes;
  const open = () => regionsOf(cluster(), [0, 1, 2, 3], freshName(), 4);

  it('message passing: who sees the flag sees the data that was written before it', async () => {
    const [writer, ...readers] = await open();
    const last = 150;
    const pairs: (readonly [flag: number, data: number])[] = [];
    const reading = readers.map(async (reader) => {
      for (let flag = 0; flag < last; ) {
        flag = await load(reader, y);
        pairs.push([flag, await load(reader, x)]);
      }
    });
    for (let value = 1; value <= last; value += 1) {
      await store(writer, x, value);
      await store(writer, y, value);
    }
    await Promise.all(reading);
    expect(pairs.filter(([flag, data]) => data < flag)).toEqual([]);
  });

  it('store buffering: of two that write one place and read the other, one sees the other', async () => {
    const [first, second] = await open();
    const outcomes: (readonly [round: number, sawY: number, sawX: number])[] = [];
    for (let round = 1; round <= 150; round += 1) {
      const [sawY, sawX] = await Promise.all([
        store(first, x, round).then(() => load(first, y)),
        store(second, y, round).then(() => load(second, x)),
      ]);
      outcomes.push([round, sawY, sawX]);
    }
    expect(outcomes.filter(([round, sawY, sawX]) => sawY < round && sawX < round)).toEqual([]);
  });

  it('load buffering: of two that read one place and then write the other, not both see the later write', async () => {
    const [first, second] = await open();
    const outcomes: (readonly [round: number, sawX: number, sawY: number])[] = [];
    for (let round = 1; round <= 150; round += 1) {
      const [sawX, sawY] = await Promise.all([
        load(first, x).then((seen) => store(first, y, round).then(() => seen)),
        load(second, y).then((seen) => store(second, x, round).then(() => seen)),
      ]);
      outcomes.push([round, sawX, sawY]);
    }
    expect(outcomes.filter(([round, sawX, sawY]) => sawX === round && sawY === round)).toEqual([]);
  });

  it('independent writes are seen in one order by everybody', async () => {
    const [first, second, third, fourth] = await open();
    const outcomes: (readonly [round: number, thirdX: number, thirdY: number, fourthY: number, fourthX: number])[] = [];
    for (let round = 1; round <= 150; round += 1) {
      const [, , [thirdX, thirdY], [fourthY, fourthX]] = await Promise.all([
        store(first, x, round),
        store(second, y, round),
        loadBoth(third, x, y),
        loadBoth(fourth, y, x),
      ]);
      outcomes.push([round, thirdX, thirdY, fourthY, fourthX]);
    }
    const forbidden = outcomes.filter(
      ([round, thirdX, thirdY, fourthY, fourthX]) => thirdX === round && thirdY < round && fourthY === round && fourthX < round,
    );
    expect(forbidden).toEqual([]);
  });

  it('a page that is written whole is never seen half written, nor older than before', async () => {
    const [writer, ...readers] = await open();
    const last = 100;
    const seen = readers.map(async (reader) => {
      const values: string[] = [];
      for (let value = ''; value !== String(last); ) {
        value = valuesIn(await reader.read(x, pageBytes)).join();
        values.push(value);
      }
      return values.map(Number);
    });
    for (let value = 1; value <= last; value += 1) await writer.write(x, filled(pageBytes, value));
    for (const values of await Promise.all(seen)) expect(values).toEqual([...values].sort((a, b) => a - b));
  });
});

const load = (region: RegionAccess, offset: number): Promise<number> => region.atomics.load('int32', offset);
const store = (region: RegionAccess, offset: number, value: number): Promise<number> => region.atomics.store('int32', offset, value);

async function loadBoth(region: RegionAccess, one: number, other: number): Promise<[one: number, other: number]> {
  return [await load(region, one), await load(region, other)];
}
