import { type ErrorCode, InvariantError, limits, type PagewireError } from '@pagewire/protocol';
import { expect, it, vi } from 'vitest';
import type { RegionHandle } from '../src/region-handle.js';
import { describeEachWorld, faultTimeoutMs, type PagerWorld } from './pager-world.js';

const code = (error: unknown): unknown => (error as PagewireError).code;
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error) => error,
  );

describeEachWorld('accesses through the pager', ({ worldOf, pageBytes }) => {
  it('reads zeros from a page that nobody has written', async () => {
    const world = worldOf({ nodes: 1, pages: 2 });
    expect(await world.settle(world.node(0).region.read(10, 4))).toEqual(new Uint8Array(4));
  });

  it('shows a write of one node to the next reader on another', async () => {
    const world = worldOf({ nodes: 2, pages: 2 });
    await world.settle(world.node(0).region.write(pageBytes - 2, Uint8Array.of(1, 2, 3, 4)));
    expect(await world.settle(world.node(1).region.read(pageBytes - 3, 6))).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 0));
  });

  it('counts exactly when every node increments one cell at once', async () => {
    const world = worldOf({ nodes: 5, pages: 1 });
    const adds = world.nodes.flatMap(({ region }) => Array.from({ length: 50 }, () => region.atomics.add('int32', 8, 1)));
    const before = await world.settle(Promise.all(adds));
    expect(new Set(before)).toEqual(new Set(Array.from({ length: 250 }, (_, count) => count)));
    expect(await world.settle(world.node(0).region.atomics.load('int32', 8))).toBe(250);
  });

  it('has done the access that asked before the page can be given up, even when grant and recall come in one turn', async () => {
    const world = worldOf({ nodes: 3, pages: 1 });
    const adds = world.nodes.map(({ region }) => region.atomics.add('int32', 0, 1));
    world.deliverAtOnce();
    expect(new Set(await Promise.all(adds))).toEqual(new Set([0, 1, 2]));
    expect(world.nodes.filter(({ paged }) => paged.permits(0, 'readonly'))).toHaveLength(1);
  });

  it('keeps the cells of one page apart when different nodes write them', async () => {
    const world = worldOf({ nodes: 4, pages: 1 });
    const adds = world.nodes.flatMap(({ region }, cell) => Array.from({ length: 20 }, () => region.atomics.add('bigint64', cell * 8, 1n)));
    await world.settle(Promise.all(adds));
    const cells = new BigInt64Array((await world.settle(world.node(2).region.read(0, 32))).buffer as ArrayBuffer);
    expect(cells).toEqual(BigInt64Array.of(20n, 20n, 20n, 20n));
  });

  it('asks once for a page however many accesses wait for it', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const { region } = world.node(0);
    const reads = Array.from({ length: 30 }, () => region.read(0, 8));
    expect(world.inFlight('acquire')).toBe(1);
    await world.settle(Promise.all(reads));
    expect(world.node(0).pager.counters.readFaults).toBe(1);
  });

  it('asks for all pages of a range at once', async () => {
    const world = worldOf({ nodes: 1, pages: 20 });
    const read = world.node(0).region.read(0, 20 * pageBytes);
    expect(world.inFlight('acquire')).toBe(1);
    await world.settle(read);
    expect(world.node(0).pager.counters.readFaults).toBe(20);
  });

  it('runs a write that waits behind a read fault on the same page with the right it needs', async () => {
    const world = worldOf({ nodes: 2, pages: 1 });
    const { region } = world.node(0);
    await world.settle(world.node(1).region.write(0, Uint8Array.of(9)));
    const read = region.read(0, 1);
    const write = region.write(1, Uint8Array.of(7));
    expect(await world.settle(read)).toEqual(Uint8Array.of(9));
    await world.settle(write);
    expect(await world.settle(world.node(1).region.read(0, 2))).toEqual(Uint8Array.of(9, 7));
  });

  it('takes the bytes of a write when it is called, not when the page comes', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const bytes = Uint8Array.of(5);
    const write = world.node(0).region.write(0, bytes);
    bytes[0] = 6;
    await world.settle(write);
    expect(await world.settle(world.node(0).region.read(0, 1))).toEqual(Uint8Array.of(5));
  });

  it('prefetches ahead of a scan, and the scan then finds its pages here', async () => {
    const world = worldOf({ nodes: 1, pages: 64 });
    const { region, pager } = world.node(0);
    for (let index = 0; index < 64; index++) await world.settle(region.read(index * pageBytes, 8));
    expect(pager.counters.prefetched).toBeGreaterThan(50);
    expect(pager.counters.readFaults + pager.counters.prefetched).toBe(64);
  });

  it('reads and writes ranges longer than one part', async () => {
    const pages = 2500;
    const world = worldOf({ nodes: 2, pages });
    const bytes = new Uint8Array(pages * pageBytes).map((_, at) => at % 251);
    await world.settle(world.node(0).region.write(0, bytes));
    expect(Buffer.compare(await world.settle(world.node(1).region.read(0, bytes.length)), bytes)).toBe(0);
  });
});

describeEachWorld('a range too long for one array', ({ worldOf }) => {
  /** Nothing is stored that far out: only the sizes count here. */
  const vastWorld = (): PagerWorld => {
    const world = worldOf({ nodes: 1, pages: 2 });
    Object.assign(world.node(0).paged.record, { bytes: 2 ** 50 });
    return world;
  };

  it('is refused for a read, and the page is still there', async () => {
    const world = vastWorld();
    const { region } = world.node(0);
    expect(code(await failure(region.read(0, 2 ** 49)))).toBe('overloaded');
    expect(await world.settle(region.read(0, 1))).toEqual(new Uint8Array(1));
  });

  it('is prefetched part by part', async () => {
    const world = vastWorld();
    // The home has only the first two pages: the first part is the last.
    expect(code(await failure(world.settle(world.node(0).region.prefetch(0, 2 ** 49))))).toBe('out-of-range');
    expect(world.acquired).toBeLessThan(1100);
  });
});

describeEachWorld('a pager that is shut', ({ worldOf }) => {
  it('lets no access in until it is open again', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const { region, pager } = world.node(0);
    await world.settle(region.read(0, 1));
    pager.shut({ code: 'fenced', message: 'not yet' });
    expect(code(await failure(region.read(0, 1)))).toBe('fenced');
    pager.open();
    expect(await region.read(0, 1)).toEqual(new Uint8Array(1));
  });
});

describeEachWorld('a bug', ({ worldOf, pageBytes }) => {
  it('in the middle of what the agent decided ends the life and takes every right', async () => {
    const world = worldOf({ nodes: 2, pages: 2 });
    const { region, pager, paged } = world.node(0);
    await world.settle(region.write(0, Uint8Array.of(1)));
    vi.spyOn(paged.memory, 'stage').mockImplementation(() => {
      throw new InvariantError('the test wants it');
    });
    const read = failure(region.read(pageBytes, 1));
    await expect(world.deliver()).rejects.toThrow('the test wants it');
    expect(code(await read)).toBe('fenced');
    expect(paged.permits(0, 'readonly')).toBe(false);
    expect(pager.heldPages).toBe(0);
  });
});

describeEachWorld('arguments', ({ worldOf, pageBytes }) => {
  it.each<[string, (region: RegionHandle) => Promise<unknown>, ErrorCode]>([
    ['a read past the end', (region) => region.read(2 * pageBytes - 8, 9), 'out-of-range'],
    ['a negative offset', (region) => region.read(-1, 1), 'bad-argument'],
    ['a write of text', (region) => region.write(0, 'text' as unknown as Uint8Array), 'bad-argument'],
    ['a misaligned atomic', (region) => region.atomics.add('bigint64', 4, 1n), 'misaligned'],
    ['an atomic with a number of the wrong kind', (region) => region.atomics.add('int32', 0, 1n as unknown as number), 'bad-argument'],
    ['an atomic without an operand', (region) => region.atomics.add('int32', 0, undefined as unknown as number), 'bad-argument'],
    ['a pin of nothing', (region) => region.pin(0, 0), 'bad-argument'],
    ['a pin with an unknown right', (region) => region.pin(0, 1, 'mine' as 'exclusive'), 'bad-argument'],
  ])('refuses %s', async (_name, access, expected) => {
    const world = worldOf({ nodes: 1, pages: 2 });
    expect(code(await failure(access(world.node(0).region)))).toBe(expected);
    expect(world.inFlight('acquire')).toBe(0);
  });
});

describeEachWorld('deadlines and limits', ({ worldOf }) => {
  it('fails an access whose page does not come in time, and the next one succeeds when it comes after all', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    world.heldBack.add('grant');
    const read = failure(world.node(0).region.read(0, 1));
    await world.deliver();
    world.pass(faultTimeoutMs);
    expect(await read).toMatchObject({ code: 'timeout', message: expect.stringContaining('page 0 of region "world"') });
    world.heldBack.clear();
    expect(await world.settle(world.node(0).region.read(0, 1))).toEqual(new Uint8Array(1));
  });

  it('lets an access that came later wait until its own deadline', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const { region } = world.node(0);
    world.heldBack.add('grant');
    const early = failure(region.read(0, 1));
    world.pass(faultTimeoutMs / 2);
    const late = region.read(0, 1);
    world.pass(faultTimeoutMs / 2);
    expect(code(await early)).toBe('timeout');
    world.heldBack.clear();
    expect(await world.settle(late)).toEqual(new Uint8Array(1));
  });

  it('refuses an access when too many wait, and starts nothing of it', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const { region } = world.node(0);
    const reads = Array.from({ length: limits.maxWaitingAccesses }, () => region.read(0, 1));
    expect(code(await failure(region.read(0, 1)))).toBe('overloaded');
    await world.settle(Promise.all(reads));
    expect(await region.read(0, 1)).toEqual(new Uint8Array(1));
  });
});

describeEachWorld('a lease that ends', ({ worldOf, pageBytes }) => {
  it('takes every right and fails every access that waits, before anything else is done', async () => {
    const world = worldOf({ nodes: 2, pages: 2 });
    const node = world.node(0);
    await world.settle(node.region.write(0, Uint8Array.of(1)));
    world.heldBack.add('grant');
    const waiting = failure(node.region.read(pageBytes, 1));
    await world.deliver();
    node.leaseEndsAt = world.now;
    world.heldBack.clear();
    await world.deliver();
    expect(code(await waiting)).toBe('fenced');
    expect(node.paged.permits(0, 'readonly')).toBe(false);
    expect(node.paged.permits(1, 'readonly')).toBe(false);
    expect(code(await failure(node.region.read(0, 1)))).toBe('fenced');
  });

  it('is noticed by an access that would have found its page here', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const node = world.node(0);
    await world.settle(node.region.write(0, Uint8Array.of(1)));
    node.leaseEndsAt = world.now;
    expect(code(await failure(node.region.read(0, 1)))).toBe('fenced');
    expect(node.paged.permits(0, 'readonly')).toBe(false);
  });

  it('leaves the handle of good use for the next life', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const node = world.node(0);
    await world.settle(node.region.read(0, 1));
    node.pager.end({ code: 'fenced', message: 'over' });
    world.home.step(world.now, { kind: 'member-lost', member: node.id });
    node.leaseEndsAt = Number.POSITIVE_INFINITY;
    world.begin(node);
    expect(await world.settle(node.region.read(0, 1))).toEqual(new Uint8Array(1));
  });
});

describeEachWorld('confirm before exposing', ({ worldOf }) => {
  it('lets an answer wait until the grants it depends on are confirmed', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const { region, pager } = world.node(0);
    expect(pager.exposed()).toBeUndefined();
    world.heldBack.add('settled');
    await world.settle(region.write(0, Uint8Array.of(1)));
    const exposed = pager.exposed();
    expect(exposed).toBeInstanceOf(Promise);
    world.heldBack.clear();
    await world.settle(exposed ?? Promise.reject(new Error('nothing to wait for')));
    expect(pager.exposed()).toBeUndefined();
  });

  it('says that the outcome is unknown when the life ends first', async () => {
    const world = worldOf({ nodes: 1, pages: 1 });
    const { region, pager } = world.node(0);
    world.heldBack.add('settled');
    await world.settle(region.write(0, Uint8Array.of(1)));
    const exposed = failure(pager.exposed() ?? Promise.resolve());
    pager.end({ code: 'fenced', message: 'over' });
    expect(code(await exposed)).toBe('outcome-unknown');
    expect(code(await failure(pager.exposed() ?? Promise.resolve()))).toBe('outcome-unknown');
  });
});

describeEachWorld('giving pages back', ({ worldOf, pageBytes }) => {
  it('releases every page that is not pinned, and its bytes are there for others', async () => {
    const world = worldOf({ nodes: 2, pages: 3 });
    const { region, pager } = world.node(0);
    await world.settle(region.write(0, new Uint8Array(3 * pageBytes).fill(7)));
    const pin = await region.pin(pageBytes, 1);
    expect(pager.release()).toBe(false);
    await world.deliver();
    expect(pager.heldPages).toBe(1);
    pin.release();
    expect(pager.release()).toBe(false);
    await world.deliver();
    expect(pager.release()).toBe(true);
    expect(await world.settle(world.node(1).region.read(2 * pageBytes, 2))).toEqual(Uint8Array.of(7, 7));
  });

  it('fails the accesses to a region that is deleted', async () => {
    const world = worldOf({ nodes: 1, pages: 2 });
    const { region, pager, paged } = world.node(0);
    await world.settle(region.write(0, Uint8Array.of(1)));
    const waiting = failure(region.read(pageBytes, 1));
    paged.gone = { code: 'no-such-region', message: 'deleted' };
    pager.regionDeleted(paged);
    expect(code(await waiting)).toBe('no-such-region');
    expect(code(await failure(region.read(0, 1)))).toBe('no-such-region');
    expect(pager.heldPages).toBe(0);
  });
});
