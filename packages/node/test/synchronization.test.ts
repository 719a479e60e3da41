import { inspect } from 'node:util';
import { limits, type PagewireError } from '@pagewire/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type JoinOptions, join, type Node } from '../src/index.js';
import { FakeCoordinator } from './fake-coordinator.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  // Nodes first: they say goodbye to their coordinator.
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

async function cluster(
  count: number,
  options: Partial<JoinOptions> = {},
): Promise<{ readonly coordinator: FakeCoordinator; readonly nodes: Node[] }> {
  const coordinator = await FakeCoordinator.start();
  open.push(coordinator);
  const nodes: Node[] = [];
  for (let n = 1; n <= count; n += 1) {
    const node = await join({ coordinator: coordinator.url, name: `n${n}`, rejoin: false, memory: 'software', ...options });
    open.push(node);
    nodes.push(node);
  }
  return { coordinator, nodes };
}

async function two(): Promise<{ readonly coordinator: FakeCoordinator; readonly one: Node; readonly other: Node }> {
  const { coordinator, nodes } = await cluster(2);
  const [one, other] = nodes;
  if (one === undefined || other === undefined) throw new Error('there are two nodes');
  return { coordinator, one, other };
}

const failure = (promise: Promise<unknown>): Promise<PagewireError> =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );
const codeOf = async (promise: Promise<unknown>): Promise<string> => (await failure(promise)).code;

/** The coordinator declares the node lost, and the node hears of it. */
function lose(coordinator: FakeCoordinator, node: Node): void {
  const { incarnation } = node;
  coordinator.send(incarnation, { kind: 'expelled', reason: 'the test says so' });
  coordinator.lose(incarnation);
}

const untilOpen = (coordinator: FakeCoordinator, requests: number): Promise<void> =>
  vi.waitFor(() => expect(coordinator.table.openRequests).toBe(requests), 5000);

describe('a lock', () => {
  it('is held by one at a time, and its token grows', async () => {
    const { coordinator, one, other } = await two();
    const first = await one.lock('jobs').acquire();
    const second = other.lock('jobs').acquire();
    await untilOpen(coordinator, 2);
    expect(first).toMatchObject({ name: 'jobs', abandoned: false, lost: false });
    await first.release();
    expect((await second).token).toBeGreaterThan(first.token);
  });

  it('is released at the end of its scope, and once', async () => {
    const { coordinator, one } = await two();
    {
      await using held = await one.lock('jobs').acquire();
      expect(held.release()).toBe(held.release());
    }
    expect(coordinator.table.openRequests).toBe(0);
  });

  it('passes on when its holder is lost: the next is told, and the holder finds it lost', async () => {
    const { coordinator, one, other } = await two();
    const first = await one.lock('jobs').acquire();
    const second = other.lock('jobs').acquire();
    await untilOpen(coordinator, 2);
    lose(coordinator, one);
    expect(await second).toMatchObject({ abandoned: true, lost: false });
    await vi.waitFor(() => expect(first.lost).toBe(true));
    expect(await failure(first.release())).toMatchObject({ code: 'fenced', message: expect.stringContaining('lock "jobs" was lost') });
  });

  it('passes on when its holder leaves with it, and the next is told', async () => {
    const { one, other } = await two();
    const first = await one.lock('jobs').acquire();
    await one.close();
    expect(first.lost).toBe(true);
    await first.release();
    expect(first.lost).toBe(true);
    expect(await other.lock('jobs').acquire()).toMatchObject({ abandoned: true });
  });

  it('is lost on a node that closes before another can have it', async () => {
    const { coordinator, one, other } = await two();
    const held = await one.lock('jobs').acquire();
    const next = other.lock('jobs').acquire();
    await untilOpen(coordinator, 2);
    const lostWhenGranted = next.then(() => held.lost);
    await one.close();
    expect(await lostWhenGranted).toBe(true);
  });

  it('that was lost before its node was closed says so when it is released after', async () => {
    const { coordinator, one } = await two();
    const held = await one.lock('jobs').acquire();
    lose(coordinator, one);
    await vi.waitFor(() => expect(held.lost).toBe(true));
    await one.close();
    expect(await failure(held.release())).toMatchObject({
      code: 'fenced',
      message: expect.stringMatching(/lock "jobs" was lost.* was fenced/),
    });
    expect(held.lost).toBe(true);
  });

  it('shows its name, its token and what became of it on a console', async () => {
    const { one } = await two();
    const held = await one.lock('jobs').acquire();
    expect(inspect(held)).toMatch(/name: 'jobs', count: 1, token: \d+, abandoned: false, lost: false/);
  });

  it('that is not to be had in time fails with timeout, and nothing is left of the request', async () => {
    const { coordinator, one, other } = await two();
    const held = await one.lock('jobs').acquire();
    expect(await codeOf(other.lock('jobs').acquire({ timeoutMs: 10 }))).toBe('timeout');
    expect(await codeOf(other.lock('jobs').acquire({ timeoutMs: 0 }))).toBe('timeout');
    await held.release();
    expect(coordinator.table.openRequests).toBe(0);
    await (await other.lock('jobs').acquire({ timeoutMs: 0 })).release();
  });

  it('that is granted while its time runs out is held', async () => {
    const { coordinator, one } = await two();
    coordinator.takesRequests = false;
    const acquiring = one.lock('jobs').acquire({ timeoutMs: 1 });
    await vi.waitFor(() => expect(coordinator.untakenRequests.map(({ message }) => message.kind)).toEqual(['lock', 'cancel']));
    coordinator.takeRequests();
    expect((await acquiring).lost).toBe(false);
  });

  it('that is granted while its node closes is given back', async () => {
    const { coordinator, one, other } = await two();
    coordinator.takesRequests = false;
    const acquiring = codeOf(one.lock('jobs').acquire());
    await vi.waitFor(() => expect(coordinator.untakenRequests).toHaveLength(1));
    const closed = one.close();
    await vi.waitFor(() => expect(coordinator.untakenRequests).toHaveLength(2));
    coordinator.takeRequests();
    expect(await acquiring).toBe('closed');
    await closed;
    expect(await other.lock('jobs').acquire()).toMatchObject({ abandoned: false });
  });

  it('that was abandoned and is granted while a node closes tells the next holder so', async () => {
    const { coordinator, nodes } = await cluster(3);
    const [dead, one, other] = nodes as [Node, Node, Node];
    await dead.lock('jobs').acquire();
    lose(coordinator, dead);
    await untilOpen(coordinator, 0);
    coordinator.takesRequests = false;
    const acquiring = failure(one.lock('jobs').acquire());
    await vi.waitFor(() => expect(coordinator.untakenRequests).toHaveLength(1));
    const closed = one.close();
    await vi.waitFor(() => expect(coordinator.untakenRequests).toHaveLength(2));
    coordinator.takeRequests();
    expect(await acquiring).toMatchObject({ code: 'closed', message: expect.stringContaining('lock "jobs"') });
    await closed;
    expect(await other.lock('jobs').acquire()).toMatchObject({ abandoned: true });
  });

  it('is not given back before a write that was begun under it is done', async () => {
    const { coordinator, one, other } = await two();
    const [here, there] = [await one.region('cells', { bytes: 4096 }), await other.region('cells')];
    const pin = await there.pin(0, 4);
    const held = await one.lock('jobs').acquire();
    const written = here.write(0, new Uint8Array([7]));
    const released = held.release();
    const { renewals } = coordinator;
    // Two renewals later a give-back would have come long since.
    await vi.waitFor(() => expect(coordinator.renewals).toBeGreaterThan(renewals + 2), 5000);
    expect(coordinator.table.openRequests).toBe(1);
    pin.release();
    await released;
    await using _next = await other.lock('jobs').acquire();
    expect([...(await there.read(0, 1))]).toEqual([7]);
    await written;
  });

  it('is given back when a write that was begun under it has failed', async () => {
    const { coordinator, nodes } = await cluster(2, { faultTimeoutMs: 100 });
    const [one, other] = nodes as [Node, Node];
    const [here, there] = [await one.region('cells', { bytes: 4096 }), await other.region('cells')];
    await using _pin = await there.pin(0, 4);
    const held = await one.lock('jobs').acquire();
    const writing = codeOf(here.atomics.store('int32', 0, 1));
    await held.release();
    expect(await writing).toBe('timeout');
    expect(coordinator.table.openRequests).toBe(0);
  });

  it('is not given back before what was written under it is confirmed', async () => {
    const { coordinator, one } = await two();
    const region = await one.region('cells', { bytes: 4096 });
    const held = await one.lock('jobs').acquire();
    coordinator.takesAcquired = false;
    await region.atomics.store('int32', 0, 1);
    const released = held.release();
    const { renewals } = coordinator;
    // Two renewals later a give-back would have come long since.
    await vi.waitFor(() => expect(coordinator.renewals).toBeGreaterThan(renewals + 2), 5000);
    expect(coordinator.table.openRequests).toBe(1);
    coordinator.takeReleases();
    await released;
    expect(coordinator.table.openRequests).toBe(0);
  });

  it('of a life that has ended stays lost in the next, in which it can be had again', async () => {
    const coordinator = await FakeCoordinator.start();
    open.push(coordinator);
    const node = await join({ coordinator: coordinator.url, name: 'n1', memory: 'software' });
    open.push(node);
    const first = await node.lock('jobs').acquire();
    const before = node.incarnation;
    lose(coordinator, node);
    await vi.waitFor(() => expect(node.incarnation).toBeGreaterThan(before), 5000);
    expect(await codeOf(first.release())).toBe('fenced');
    await vi.waitFor(() => expect(node.state).toBe('live'), 5000);
    expect(await node.lock('jobs').acquire()).toMatchObject({ abandoned: true, lost: false });
    expect(first.lost).toBe(true);
  });

  it('that was lost keeps its node out after a rejoin, until it is released', async () => {
    const coordinator = await FakeCoordinator.start();
    open.push(coordinator);
    const node = await join({ coordinator: coordinator.url, name: 'n1', memory: 'software' });
    open.push(node);
    const region = await node.region('cells', { bytes: 4096 });
    const lock = await node.lock('jobs').acquire();
    const permits = await node.semaphore('pool', 3).acquire({ count: 2 });
    const before = node.incarnation;
    lose(coordinator, node);
    await vi.waitFor(() => expect(node.incarnation).toBeGreaterThan(before), 5000);
    await vi.waitFor(
      async () =>
        expect(await failure(region.write(0, new Uint8Array(4)))).toMatchObject({ message: expect.stringContaining('lock "jobs"') }),
      5000,
    );
    expect(node.state).toBe('fenced');
    expect(await codeOf(node.lock('jobs').acquire())).toBe('fenced');
    expect(await codeOf(region.wait(0, 0))).toBe('fenced');
    expect(await codeOf(lock.release())).toBe('fenced');
    expect(await failure(region.atomics.add('int32', 0, 1))).toMatchObject({ code: 'fenced', message: expect.stringContaining('"pool"') });
    expect(await codeOf(permits.release())).toBe('fenced');
    expect(node.state).toBe('live');
    expect(await region.atomics.add('int32', 0, 1)).toBe(0);
  });

  it('fails with fenced for those that wait when their node is fenced, and is not given to a closed node', async () => {
    const { coordinator, one, other } = await two();
    await using _held = await other.lock('jobs').acquire();
    const waiting = codeOf(one.lock('jobs').acquire());
    await untilOpen(coordinator, 2);
    lose(coordinator, one);
    expect(await waiting).toBe('fenced');
    expect(await codeOf(one.lock('jobs').acquire())).toBe('fenced');
    await one.close();
    expect(await codeOf(one.lock('jobs').acquire())).toBe('closed');
  });

  it('refuses more requests of one node than its limit', async () => {
    const { coordinator, one } = await two();
    coordinator.takesRequests = false;
    const lock = one.lock('jobs');
    const acquiring = Array.from({ length: limits.maxSyncRequestsPerNode }, () => codeOf(lock.acquire()));
    expect(await codeOf(lock.acquire())).toBe('overloaded');
    const closed = one.close();
    await vi.waitFor(() => expect(coordinator.untakenRequests).toHaveLength(2 * limits.maxSyncRequestsPerNode), 10_000);
    coordinator.takeRequests();
    await closed;
    expect(new Set(await Promise.all(acquiring))).toEqual(new Set(['closed']));
  });
});

describe('a semaphore', () => {
  it('has as many holders as permits, over all nodes', async () => {
    const { coordinator, one, other } = await two();
    const held = await one.semaphore('pool', 3).acquire({ count: 2 });
    const waiting = other.semaphore('pool', 3).acquire({ count: 2 });
    await untilOpen(coordinator, 2);
    await held.release();
    expect(await waiting).toMatchObject({ name: 'pool', count: 2, abandoned: false });
    expect(await codeOf(one.semaphore('pool', 4).acquire())).toBe('bad-argument');
  });
});

describe('a barrier', () => {
  it('lets all parties pass together, generation after generation', async () => {
    const { one, other } = await two();
    const [here, there] = [one.barrier('step', 2), other.barrier('step', 2)];
    for (const generation of [1, 2, 3]) expect(await Promise.all([here.arrive(), there.arrive()])).toEqual([generation, generation]);
  });

  it('breaks when a node is lost that took part, instead of being waited at for ever', async () => {
    const { coordinator, one, other } = await two();
    const [here, there] = [one.barrier('step', 2), other.barrier('step', 2)];
    await Promise.all([here.arrive(), there.arrive()]);
    const arriving = codeOf(here.arrive());
    await untilOpen(coordinator, 1);
    lose(coordinator, other);
    expect(await arriving).toBe('broken');
    expect(await one.barrier('step', 1).arrive()).toBeGreaterThan(1);
  });

  it('is broken for a node that was fenced since it came, once, also when it has rejoined', async () => {
    const coordinator = await FakeCoordinator.start();
    open.push(coordinator);
    const node = await join({ coordinator: coordinator.url, name: 'n1', memory: 'software' });
    open.push(node);
    const barrier = node.barrier('step', 1);
    expect(await barrier.arrive()).toBe(1);
    expect(await barrier.arrive()).toBe(2);
    const before = node.incarnation;
    lose(coordinator, node);
    await vi.waitFor(() => expect(node.state).toBe('fenced'), 5000);
    expect(await codeOf(barrier.arrive())).toBe('fenced');
    await vi.waitFor(() => expect(node.incarnation).toBeGreaterThan(before), 5000);
    await vi.waitFor(() => expect(node.state).toBe('live'), 5000);
    expect(await codeOf(barrier.arrive())).toBe('broken');
    expect(await barrier.arrive()).toBeGreaterThan(2);
  });

  it('is not counted on by one whose time was up', async () => {
    const { one, other } = await two();
    expect(await codeOf(one.barrier('step', 2).arrive({ timeoutMs: 5 }))).toBe('timeout');
    expect(await codeOf(other.barrier('step', 2).arrive({ timeoutMs: 5 }))).toBe('timeout');
  });
});

describe('a wait on an address', () => {
  async function regions() {
    const { coordinator, one, other } = await two();
    const here = await one.region('cells', { bytes: 2 * 4096 });
    return { coordinator, one, other, here, there: await other.region('cells') };
  }

  it('ends at once when the value is not the expected one', async () => {
    const { here } = await regions();
    expect(await here.wait(4096, 1)).toBe('not-equal');
    await here.atomics.store('int32', 4096, -1);
    expect(await here.wait(4096, 0, { timeoutMs: 0 })).toBe('not-equal');
    expect(await here.wait(4096, -1, { timeoutMs: 0 })).toBe('timed-out');
    expect(await here.wait(4096, 2 ** 32 - 1, { timeoutMs: 0 })).toBe('timed-out');
  });

  it('ends with the notify of another node, which learns how many it woke', async () => {
    const { coordinator, here, there } = await regions();
    const waits = [here.wait(8, 0), here.wait(8, 0), there.wait(8, 0), here.wait(12, 0)];
    await untilOpen(coordinator, 4);
    expect(await there.notify(8, 2)).toBe(2);
    await there.atomics.store('int32', 8, 5);
    expect(await there.notify(8)).toBe(1);
    expect(await Promise.all(waits.slice(0, 3))).toEqual(['ok', 'ok', 'ok']);
    expect(await here.notify(12)).toBe(1);
  });

  it('is woken by its own node, which stores and notifies behind it without waiting', async () => {
    const { here } = await regions();
    await here.atomics.store('int32', 0, 1);
    const waiting = here.wait(0, 1);
    const stored = here.atomics.store('int32', 0, 2);
    expect(await here.notify(0)).toBe(1);
    expect(await waiting).toBe('ok');
    await stored;
  });

  it('looks again when the page has moved on between its look and its registration', async () => {
    const { coordinator, here, there } = await regions();
    await here.read(0, 4);
    coordinator.takesRequests = false;
    const waiting = here.wait(0, 0);
    await vi.waitFor(() => expect(coordinator.untakenRequests).toHaveLength(1));
    await there.atomics.store('int32', 0, 7);
    await there.atomics.load('int32', 0);
    coordinator.takeRequests();
    expect(await waiting).toBe('not-equal');
    expect(coordinator.table.openRequests).toBe(0);
  });

  it('is bounded by its own time, not by that of its page', async () => {
    const { coordinator, nodes } = await cluster(3, { faultTimeoutMs: 100 });
    const [one, other, third] = nodes as [Node, Node, Node];
    const [here, there] = [await one.region('cells', { bytes: 4096 }), await other.region('cells')];
    const queued = here.wait(0, 0, { timeoutMs: Number.POSITIVE_INFINITY });
    await untilOpen(coordinator, 1);
    const pin = await there.pin(0, 4);
    expect(await Promise.all([here.wait(0, 0, { timeoutMs: 0 }), here.wait(0, 0, { timeoutMs: 1 })])).toEqual(['timed-out', 'timed-out']);
    expect(await here.wait(0, 0, { timeoutMs: 300 })).toBe('timed-out');
    // The death of a node makes it look, and its page is not to be had for longer than an access waits.
    lose(coordinator, third);
    expect(await codeOf(here.read(0, 4))).toBe('timeout');
    expect(await codeOf(here.read(0, 4))).toBe('timeout');
    new DataView(pin.bytes.buffer, pin.bytes.byteOffset).setInt32(0, 1, true);
    pin.release();
    expect(await queued).toBe('not-equal');
  });

  it('compares bigints as 64 bits', async () => {
    const { here, there } = await regions();
    await there.atomics.store('bigint64', 16, 2n ** 40n);
    expect(await here.wait(16, 0n)).toBe('not-equal');
    expect(await here.wait(16, 2n ** 40n, { timeoutMs: 5 })).toBe('timed-out');
  });

  it('ends with closed, no-such-region or fenced where it can be woken no more', async () => {
    const { coordinator, one, here, there } = await regions();
    const again = await one.region('cells');
    const [closed, deleted] = [codeOf(again.wait(0, 0)), codeOf(there.wait(0, 0))];
    const other = await one.region('more', { bytes: 4096 });
    const fenced = codeOf(other.wait(0, 0));
    await untilOpen(coordinator, 3);
    await again.close();
    expect(await closed).toBe('closed');
    await one.deleteRegion('cells');
    expect(await deleted).toBe('no-such-region');
    expect(await codeOf(here.wait(0, 0))).toBe('no-such-region');
    lose(coordinator, one);
    expect(await fenced).toBe('fenced');
    expect(await codeOf(other.notify(0))).toBe('fenced');
  });

  it('looks again when a node is lost, which may have stored and not notified', async () => {
    const { coordinator, other, here, there } = await regions();
    const waiting = here.wait(0, 0);
    await untilOpen(coordinator, 1);
    await there.atomics.store('int32', 0, 1);
    await there.close();
    await vi.waitFor(() => expect(coordinator.home.status().pages.exclusive).toBe(0));
    lose(coordinator, other);
    expect(await waiting).toBe('not-equal');
  });
});

describe('arguments', () => {
  it('that make no sense are refused with bad-argument, misaligned or out-of-range', async () => {
    const { one } = await two();
    const region = await one.region('cells', { bytes: 4096 });
    const thrown = [
      () => one.lock('a b'),
      () => one.lock('x'.repeat(129)),
      () => one.semaphore('s', 0),
      () => one.barrier('b', limits.maxSyncWaitersPerObject + 1),
    ];
    for (const call of thrown) expect(call).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    const rejected = [
      one.lock('a').acquire({ timeoutMs: -1 }),
      one.lock('a').acquire({ timeoutMs: 2 ** 31 }),
      one.semaphore('s', 2).acquire({ count: 3 }),
      region.wait(0, 1.5),
      region.notify(0, -1),
      region.wait(2, 0),
      region.wait(4, 0n),
      region.notify(4096),
    ].map(codeOf);
    expect(await Promise.all(rejected)).toEqual([...Array(5).fill('bad-argument'), ...['misaligned', 'misaligned', 'out-of-range']]);
  });
});
