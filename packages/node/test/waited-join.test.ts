import { limits, type Millis, millis } from '@pagewire/protocol';
import { afterEach, expect, it } from 'vitest';
import { Membership } from '../src/membership.js';
import { Pager } from '../src/pager.js';
import { FakeCoordinator } from './fake-coordinator.js';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of open.splice(0).reverse()) await end();
});

/** Joins a coordinator that answers `takesMs` later, by the node's clock, and says that the join waited `waitedMs` there. */
async function joinedAfter(takesMs: number, waitedMs: number): Promise<{ membership: Membership; now: () => Millis }> {
  const coordinator = await FakeCoordinator.start();
  open.push(() => coordinator[Symbol.asyncDispose]());
  let clock = 1000;
  const now = (): Millis => millis(clock);
  coordinator.waitedMs = waitedMs;
  coordinator.onJoin = () => {
    clock += takesMs;
  };
  const membership: Membership = new Membership({
    coordinator: coordinator.url,
    name: 'n1',
    urls: [],
    transports: ['ws'],
    joinTimeoutMs: 5000,
    link: {},
    pager: new Pager({ now, leaseHolds: (at) => membership.leaseHolds(at), send: () => {}, violated: () => {}, broken: () => {} }),
    now,
    guard: (work) => work(),
    counters: () => ({ ...noPages, clientOperations: 0 }),
    regionDeleted: () => {},
    synchronization: () => {},
    newCluster: () => {},
    leaseEnds: () => {},
    fenced: () => {},
  });
  open.push(() => membership.fence('the test is over'));
  await membership.join();
  return { membership, now };
}

const noPages = { readFaults: 0, writeFaults: 0, pagesSent: 0, pagesReceived: 0, prefetched: 0, residentPages: 0 };

it('a node whose join waited longer than a lease for its former life is a member when it is let in', async () => {
  const { membership, now } = await joinedAfter(2 * limits.leaseMs, 2 * limits.leaseMs - 10);
  expect(membership.leaseHolds(now())).toBe(true);
});

it('a node whose join was under way for longer than a lease without waiting at the coordinator is fenced', async () => {
  const { membership, now } = await joinedAfter(2 * limits.leaseMs, 10);
  expect(membership.leaseHolds(now())).toBe(false);
});
