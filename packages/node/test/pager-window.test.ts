import { millis, type PagewireError } from '@pagewire/protocol';
import { expect, it } from 'vitest';
import { describeEachWorld, faultTimeoutMs } from './pager-world.js';

const code = (error: unknown): unknown => (error as PagewireError).code;
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error) => error,
  );

describeEachWorld('the window of a pager', ({ worldOf, pageBytes }) => {
  it('bounds the pages on their way here, and brings them all in the end', async () => {
    const world = worldOf({ nodes: 2, pages: 100, windowPages: 8 });
    await world.settle(world.node(1).region.write(0, new Uint8Array(100 * pageBytes).fill(7)));
    world.heldBack.add('grant');
    const read = world.node(0).region.read(0, 100 * pageBytes);
    await world.deliver();
    expect(world.node(0).pager.heldPages).toBe(8);
    world.heldBack.clear();
    expect((await world.settle(read)).every((byte) => byte === 7)).toBe(true);
  });

  it('leaves pages that are on their way where a scan would prefetch', async () => {
    const world = worldOf({ nodes: 1, pages: 64, windowPages: 4 });
    const { region, pager } = world.node(0);
    for (let index = 0; index < 8; index++) await world.settle(region.read(index * pageBytes, 8));
    world.heldBack.add('grant');
    const reads = [20, 21, 22, 23].map((index) => region.read(index * pageBytes, 8));
    const before = pager.counters.prefetched;
    const last = region.read(24 * pageBytes, 8);
    expect(pager.counters.prefetched).toBe(before);
    world.heldBack.clear();
    await world.settle(Promise.all([...reads, last]));
  });

  it('fails an access whose turn does not come in time, and goes on with those behind it', async () => {
    const world = worldOf({ nodes: 2, pages: 8, windowPages: 2 });
    const pin = await world.settle(world.node(1).region.pin(0, 2 * pageBytes));
    const { region } = world.node(0);
    const stuck = failure(region.read(0, 2 * pageBytes));
    const behind = failure(region.read(4 * pageBytes, 1));
    await world.deliver();
    world.pass(faultTimeoutMs);
    expect([code(await stuck), code(await behind)]).toEqual(['timeout', 'timeout']);
    expect(await world.settle(region.read(5 * pageBytes, 1))).toEqual(new Uint8Array(1));
    pin.release();
    await world.settle(region.read(0, 8 * pageBytes));
  });

  it('does not let pages that others keep stand in the way of pages that can be had', async () => {
    const world = worldOf({ nodes: 2, pages: 8, windowPages: 2 });
    const pin = await world.settle(world.node(1).region.pin(0, 2 * pageBytes));
    const { region } = world.node(0);
    const kept = region.read(0, 2 * pageBytes);
    const free = region.read(4 * pageBytes, 1);
    await world.deliver();
    world.pass(300);
    expect(await world.settle(free)).toEqual(new Uint8Array(1));
    pin.release();
    await world.settle(kept);
  });

  it('asks anew for a page whose turn had passed just before somebody else wants it', async () => {
    const world = worldOf({ nodes: 2, pages: 8, windowPages: 1 });
    const pin = await world.settle(world.node(1).region.pin(0, pageBytes));
    const { region } = world.node(0);
    const kept = failure(region.read(0, 1));
    const late = failure(region.read(pageBytes, 1));
    await world.deliver();
    // The deadline passes, and nobody has looked at it yet.
    world.now = millis(world.now + faultTimeoutMs);
    pin.release();
    await world.deliver();
    const next = region.read(pageBytes, 1);
    expect(await world.settle(next)).toEqual(new Uint8Array(1));
    world.pass(1);
    await world.deliver();
    await Promise.all([kept, late]);
  });

  it('gives back the only copies before those that others have too', async () => {
    const world = worldOf({ nodes: 2, pages: 12, windowPages: 2 });
    const [leaving, staying] = [world.node(0), world.node(1)];
    await world.settle(leaving.region.read(0, 8 * pageBytes));
    await world.settle(staying.region.read(0, 8 * pageBytes));
    await world.settle(leaving.region.write(9 * pageBytes, Uint8Array.of(42)));
    world.heldBack.add('released');
    leaving.pager.release();
    await world.deliver();
    world.heldBack.clear();
    expect(leaving.paged.permits(9, 'readonly')).toBe(false);
    expect(await world.settle(staying.region.read(9 * pageBytes, 1))).toEqual(Uint8Array.of(42));
  });

  it('passes an upgrade on when the window is full of pages that were read', async () => {
    const world = worldOf({ nodes: 3, pages: 16, windowPages: 2 });
    await world.settle(Promise.all(world.nodes.map(({ region }) => region.read(0, 16 * pageBytes))));
    const writes = world.nodes.flatMap(({ region, id }) =>
      Array.from({ length: 16 }, (_, index) => region.write(index * pageBytes + id, Uint8Array.of(id))),
    );
    await world.settle(Promise.all(writes));
    expect(await world.settle(world.node(0).region.read(15 * pageBytes, 4))).toEqual(Uint8Array.of(0, 1, 2, 3));
  });

  it('does not come between pins that hold pages and those that wait for them', async () => {
    const world = worldOf({ nodes: 2, pages: 16, windowPages: 2 });
    const other = await world.settle(world.node(1).region.pin(8 * pageBytes, 2 * pageBytes));
    const { region } = world.node(0);
    await world.settle(region.read(0, 1));
    const stuck = [failure(region.write(8 * pageBytes, Uint8Array.of(1))), failure(region.write(9 * pageBytes, Uint8Array.of(1)))];
    await world.deliver();
    await world.settle(world.node(0).region.pin(0, 1, 'readonly'));
    const pin = region.pin(0, 4 * pageBytes, 'readonly');
    expect((await world.settle(pin)).bytes).toHaveLength(4 * pageBytes);
    other.release();
    await world.settle(Promise.all(stuck));
  });

  it('has room again in the next life', async () => {
    const world = worldOf({ nodes: 1, pages: 8, windowPages: 2 });
    const node = world.node(0);
    world.heldBack.add('grant');
    const waiting = failure(node.region.read(0, 8 * pageBytes));
    await world.deliver();
    node.pager.end({ code: 'fenced', message: 'over' });
    expect(code(await waiting)).toBe('fenced');
    world.home.step(world.now, { kind: 'member-lost', member: node.id });
    world.heldBack.clear();
    world.begin(node);
    await world.settle(node.region.read(0, 8 * pageBytes));
  });

  it('has room again when a region whose pages were on their way is deleted', async () => {
    const world = worldOf({ nodes: 1, pages: 8, windowPages: 2 });
    const { region, pager, paged } = world.node(0);
    world.heldBack.add('grant');
    const waiting = failure(region.read(0, 8 * pageBytes));
    await world.deliver();
    const acquires = world.acquired;
    pager.regionDeleted(paged);
    expect(code(await waiting)).toBe('no-such-region');
    pager.addRegion(paged);
    const again = failure(region.read(0, 8 * pageBytes));
    expect(world.acquired).toBe(acquires + 2);
    pager.end({ code: 'fenced', message: 'over' });
    await again;
  });
});

describeEachWorld('giving pages back', ({ worldOf, pageBytes }) => {
  it('happens a window at a time, each after the last one', async () => {
    const world = worldOf({ nodes: 2, pages: 64, windowPages: 8 });
    const { region, pager } = world.node(0);
    await world.settle(region.write(0, new Uint8Array(64 * pageBytes).fill(7)));
    world.heldBack.add('released');
    expect(pager.release()).toBe(false);
    await world.deliver();
    expect(world.home.status().pages.unheld).toBe(8);
    world.heldBack.clear();
    await world.deliver();
    expect(pager.heldPages).toBe(0);
    expect(pager.release()).toBe(true);
    expect((await world.settle(world.node(1).region.read(0, 64 * pageBytes))).every((byte) => byte === 7)).toBe(true);
  });

  it('goes on behind pages that are pinned', async () => {
    const world = worldOf({ nodes: 1, pages: 64, windowPages: 8 });
    const { region, pager } = world.node(0);
    await world.settle(region.write(0, new Uint8Array(64 * pageBytes)));
    const pin = await region.pin(0, 16 * pageBytes);
    expect(pager.release()).toBe(false);
    await world.deliver();
    expect(pager.heldPages).toBe(16);
    pin.release();
    pager.release();
    await world.deliver();
    expect(pager.heldPages).toBe(0);
  });

  it('is not over while a page that was asked for could still come, and gives that one back too', async () => {
    const world = worldOf({ nodes: 2, pages: 1 });
    const { region, pager } = world.node(0);
    await world.settle(world.node(1).region.write(0, Uint8Array.of(42)));
    world.heldBack.add('page');
    const write = failure(region.write(0, Uint8Array.of(1)));
    await world.deliver();
    pager.shut({ code: 'closed', message: 'closed' });
    expect(code(await write)).toBe('closed');
    expect(pager.release()).toBe(false);
    await world.deliver();
    expect(pager.release()).toBe(false);
    world.heldBack.clear();
    await world.deliver();
    expect(pager.release()).toBe(false);
    await world.deliver();
    expect(pager.release()).toBe(true);
    expect(await world.settle(world.node(1).region.read(0, 1))).toEqual(Uint8Array.of(42));
  });

  it('is not over while a copy is kept for a node that has not got its own yet', async () => {
    const world = worldOf({ nodes: 2, pages: 1 });
    const { region, pager } = world.node(0);
    await world.settle(region.write(0, Uint8Array.of(42)));
    world.heldBack.add('acquired');
    const taken = world.node(1).region.write(1, Uint8Array.of(1));
    await world.deliver();
    expect(pager.release()).toBe(false);
    world.heldBack.clear();
    await world.deliver();
    expect(pager.release()).toBe(true);
    await taken;
  });

  it('asks for nothing more that waits for its turn', async () => {
    const world = worldOf({ nodes: 1, pages: 8, windowPages: 2 });
    const { region, pager } = world.node(0);
    const read = failure(region.read(0, 8 * pageBytes));
    pager.shut({ code: 'closed', message: 'closed' });
    expect(code(await read)).toBe('closed');
    pager.release();
    await world.deliver();
    pager.release();
    await world.deliver();
    expect(pager.heldPages).toBe(0);
    expect(pager.counters.pagesReceived).toBe(2);
  });
});
