import type { PagewireError } from '@pagewire/protocol';
import { expect, it } from 'vitest';
import { describeEachWorld, faultTimeoutMs } from './pager-world.js';

const code = (error: unknown): unknown => (error as PagewireError).code;
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error) => error,
  );
const codeOf = (access: () => unknown): unknown => {
  try {
    return access();
  } catch (error) {
    return code(error);
  }
};

describeEachWorld('a pin', ({ worldOf, pageBytes }) => {
  it('keeps a writer out until it is released, and shows it what was stored', async () => {
    const world = worldOf({ nodes: 2, pages: 1 });
    const pin = await world.settle(world.node(0).region.pin(0, 8));
    const exchange = world.node(1).region.atomics.exchange('int32', 0, 5);
    await world.deliver();
    pin.bytes[0] = 42;
    pin.release();
    expect(await world.settle(exchange)).toBe(42);
    expect(world.node(0).paged.permits(0, 'readonly')).toBe(false);
  });

  it('for reading lets others read but not write', async () => {
    const world = worldOf({ nodes: 2, pages: 1 });
    const pin = await world.settle(world.node(0).region.pin(0, 8, 'readonly'));
    expect(await world.settle(world.node(1).region.read(0, 1))).toEqual(Uint8Array.of(0));
    const write = world.node(1).region.write(0, Uint8Array.of(1));
    await world.deliver();
    expect(pin.bytes[0]).toBe(0);
    pin.release();
    await world.settle(write);
  });

  it('covers a range of pages with contiguous bytes', async () => {
    const world = worldOf({ nodes: 2, pages: 4 });
    const [from, length] = [pageBytes - 4, 2 * pageBytes + 8];
    const pin = await world.settle(world.node(0).region.pin(from, length));
    pin.bytes.fill(3);
    expect(pin.bytes.length).toBe(length);
    pin.release();
    const around = await world.settle(world.node(1).region.read(from - 1, length + 2));
    expect(around).toEqual(Uint8Array.of(0, ...new Uint8Array(length).fill(3), 0));
  });

  it('is over after release, however often that is called', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const pin = await world.settle(world.node(0).region.pin(0, 8));
    await pin[Symbol.asyncDispose]();
    pin.release();
    expect(codeOf(() => pin.bytes)).toBe('closed');
  });

  it('is over when its node is fenced', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const node = world.node(0);
    const pin = await world.settle(node.region.pin(0, 8));
    node.leaseEndsAt = world.now;
    expect(codeOf(() => pin.bytes)).toBe('fenced');
    node.leaseEndsAt = Number.POSITIVE_INFINITY;
    world.home.step(world.now, { kind: 'member-lost', member: node.id });
    world.begin(node);
    expect(codeOf(() => pin.bytes)).toBe('fenced');
    pin.release();
  });

  it('of a life that is over lets go of nothing that the next one pins', async () => {
    const world = worldOf({ nodes: 2, pages: 1 });
    const node = world.node(0);
    const former = await world.settle(node.region.pin(0, 8, 'readonly'));
    node.pager.end({ code: 'fenced', message: 'over' });
    world.loses(node);
    world.begin(node);
    const pin = await world.settle(node.region.pin(0, 8, 'readonly'));
    former.release();
    const write = world.node(1).region.write(0, Uint8Array.of(1));
    await world.deliver();
    expect(node.paged.permits(0, 'readonly')).toBe(true);
    pin.release();
    await world.settle(write);
  });

  it('of overlapping ranges by every node is granted to each in turn', async () => {
    const world = worldOf({ nodes: 4, pages: 8 });
    const turns = world.nodes.map(async ({ region, id }) => {
      for (let turn = 0; turn < 5; turn++) {
        const pin = await region.pin((id - 1) * pageBytes, 5 * pageBytes);
        const cells = new Int32Array(pin.bytes.buffer, pin.bytes.byteOffset, 1);
        cells[0] = (cells[0] ?? 0) + 1;
        pin.release();
      }
    });
    await world.settle(Promise.all(turns));
    const counts = await world.settle(
      Promise.all([0, 1, 2, 3].map((page) => world.node(0).region.atomics.load('int32', page * pageBytes))),
    );
    expect(counts).toEqual([5, 5, 5, 5]);
  });

  it('that waits past its deadline lets go of the pages it holds already', async () => {
    const world = worldOf({ nodes: 3, pages: 2 });
    const obstacle = await world.settle(world.node(0).region.pin(pageBytes, 1));
    const pin = failure(world.node(1).region.pin(0, 2 * pageBytes));
    await world.deliver();
    const write = world.node(2).region.write(0, Uint8Array.of(1));
    await world.deliver();
    world.pass(faultTimeoutMs / 2);
    const patient = world.node(2).region.write(0, Uint8Array.of(2));
    world.pass(faultTimeoutMs / 2);
    expect(code(await pin)).toBe('timeout');
    await world.settle(Promise.allSettled([write]));
    await world.settle(patient);
    obstacle.release();
  });

  it('asks for each page once, however they come', async () => {
    const world = worldOf({ nodes: 1, pages: 500, windowPages: 7 });
    const { region, pager } = world.node(0);
    const pin = await world.settle(region.pin(0, 500 * pageBytes));
    expect(world.acquired).toBe(500);
    expect(pager.counters.writeFaults + pager.counters.prefetched).toBeLessThan(1001);
    pin.release();
  });

  it('of more pages than the limit is refused', async () => {
    const world = worldOf({ nodes: 1, pages: 4097 });
    expect(code(await failure(world.node(0).region.pin(0, 4097 * pageBytes)))).toBe('overloaded');
  });
});
