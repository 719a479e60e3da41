import { expect, it } from 'vitest';
import { describeEachWorld } from './pager-world.js';

describeEachWorld('an access to a range of which all but one page is here', ({ worldOf, pageBytes }) => {
  it('reads every page, the one that has to come and those before and behind it', async () => {
    const world = worldOf({ nodes: 2, pages: 3 });
    const reader = world.node(0).region;
    await world.settle(reader.write(0, new Uint8Array(3 * pageBytes).fill(5)));
    await world.settle(world.node(1).region.write(pageBytes, Uint8Array.of(6)));
    expect(world.nodes.map(({ paged }) => [0, 1, 2].map((page) => paged.permits(page, 'readonly')))).toEqual([
      [true, false, true],
      [false, true, false],
    ]);
    const read = await world.settle(reader.read(0, 3 * pageBytes));
    expect([read[0], read[pageBytes], read[2 * pageBytes], read[3 * pageBytes - 1]]).toEqual([5, 6, 5, 5]);
  });

  it('writes every page, the one that has to come and those before and behind it', async () => {
    const world = worldOf({ nodes: 2, pages: 3 });
    const writer = world.node(0).region;
    await world.settle(writer.write(0, new Uint8Array(3 * pageBytes).fill(5)));
    await world.settle(world.node(1).region.write(pageBytes, Uint8Array.of(6)));
    await world.settle(writer.write(0, new Uint8Array(3 * pageBytes).fill(7)));
    expect(await world.settle(world.node(1).region.read(0, 3 * pageBytes))).toEqual(new Uint8Array(3 * pageBytes).fill(7));
  });
});

describeEachWorld('operations on a page that is here', ({ worldOf }) => {
  it('are each done at once: those of one turn see each other', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const { region } = world.node(0);
    await world.settle(region.atomics.store('int32', 0, 10));
    const turn = [region.atomics.add('int32', 0, 1), region.atomics.add('int32', 0, 1), region.atomics.load('int32', 0)];
    expect(await Promise.all(turn)).toEqual([10, 11, 12]);
    expect(await region.atomics.load('int32', 0)).toBe(12);
  });

  it('leave what was read before as it was', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const { region } = world.node(0);
    await world.settle(region.write(0, Uint8Array.of(1, 2)));
    const before = await region.read(0, 2);
    await region.write(0, Uint8Array.of(3, 4));
    expect(before).toEqual(Uint8Array.of(1, 2));
  });
});
