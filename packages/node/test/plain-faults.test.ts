import type { ErrorCode, PagewireError, Right } from '@pagewire/protocol';
import { describe, expect, it, vi } from 'vitest';
import { PlainFaults } from '../src/mapped/plain-faults.js';
import { Residence } from '../src/mapped/residence.js';
import { PagerWorld, pageBytes } from './pager-world.js';

const timeoutMs = 500;

/** The faults of threads of the first node of a world. What is served, and how long it stays, is written down. */
function faultsIn(options: { nodes: number; pages: number; windowPages?: number }) {
  const world = new PagerWorld(options);
  const { pager, paged } = world.node(0);
  const served: string[] = [];
  const unservable: PagewireError[] = [];
  const residence = new Residence({ pager, alarm: { arm: () => {} }, now: () => world.now, turnsOf: () => undefined });
  vi.spyOn(residence, 'hold').mockImplementation(({ index, right }, threads) => {
    served.push(`${index} ${right} ${threads.join(' ')}`);
  });
  const faults = new PlainFaults({ pager, region: paged, residence, timeoutMs, unservable: (error) => unservable.push(error) });
  const fault = (index: number, right: Right, threadId: number): void => faults.fault(index, right, threadId);
  const codes = (): ErrorCode[] => unservable.map(({ code }) => code);
  return { world, pager, paged, region: world.node(0).region, fault, served, unservable, codes };
}

describe('the fault of a thread', () => {
  it('is served when the page comes, and the page is held for it', async () => {
    const { world, paged, fault, served, unservable } = faultsIn({ nodes: 2, pages: 2 });
    fault(1, 'exclusive', 7);
    expect(served).toEqual([]);
    await world.deliver();
    expect([served, paged.permits(1, 'exclusive'), unservable]).toEqual([['1 exclusive 7'], true, []]);
  });

  it('asks for a page once, however many threads wait, and the page is held for all of them', async () => {
    const { world, fault, served } = faultsIn({ nodes: 1, pages: 1 });
    for (const thread of [7, 8, 7, 9]) fault(0, 'readonly', thread);
    expect(world.acquired).toBe(1);
    await world.deliver();
    expect(served).toEqual(['0 readonly 7 8 7 9']);
  });

  it('to load is served with the right to store where that was asked for before', async () => {
    const { world, fault, served } = faultsIn({ nodes: 1, pages: 1 });
    fault(0, 'exclusive', 7);
    fault(0, 'readonly', 8);
    await world.deliver();
    expect([served, world.acquired]).toEqual([['0 exclusive 7 8'], 1]);
  });

  it('to store asks for more while another waits to load, and both are served', async () => {
    const { world, paged, fault, served, unservable } = faultsIn({ nodes: 2, pages: 1 });
    await world.settle(world.node(1).region.write(0, Uint8Array.of(1)));
    fault(0, 'readonly', 7);
    fault(0, 'exclusive', 8);
    fault(0, 'exclusive', 9);
    await world.deliver();
    expect(served).toEqual(['0 readonly 7', '0 exclusive 8 9']);
    expect([paged.permits(0, 'exclusive'), unservable]).toEqual([true, []]);
  });

  it('waits anew when the page went again', async () => {
    const { world, fault, served } = faultsIn({ nodes: 2, pages: 1 });
    fault(0, 'exclusive', 7);
    await world.deliver();
    await world.settle(world.node(1).region.write(0, Uint8Array.of(1)));
    fault(0, 'exclusive', 7);
    await world.deliver();
    expect(served).toEqual(['0 exclusive 7', '0 exclusive 7']);
  });

  it('on one page after the other brings the next ones too', async () => {
    const { world, pager, fault } = faultsIn({ nodes: 1, pages: 16 });
    for (const index of [0, 1, 2]) {
      fault(index, 'readonly', 7);
      await world.deliver();
    }
    expect(pager.counters.prefetched).toBeGreaterThan(0);
  });
});

describe('a thread that waits for what it cannot have', () => {
  it('is told of when its deadline has passed', async () => {
    const { world, fault, codes, unservable } = faultsIn({ nodes: 2, pages: 2 });
    const pin = await world.settle(world.node(1).region.pin(pageBytes, 1));
    fault(1, 'readonly', 7);
    await world.deliver();
    world.pass(timeoutMs - 1);
    expect(codes()).toEqual([]);
    world.pass(1);
    expect(codes()).toEqual(['timeout']);
    expect(unservable[0]?.message).toContain('page 1 of region "world"');
    pin.release();
  });

  it('is told of once, although several wait for the page', async () => {
    const { world, fault, codes } = faultsIn({ nodes: 2, pages: 1 });
    const pin = await world.settle(world.node(1).region.pin(0, 1));
    for (const thread of [7, 8]) fault(0, 'readonly', thread);
    await world.deliver();
    world.pass(timeoutMs);
    expect(codes()).toEqual(['timeout']);
    pin.release();
  });

  it('is told of at once when the region is gone', () => {
    const { world, paged, fault, codes } = faultsIn({ nodes: 1, pages: 1 });
    paged.gone = { code: 'no-such-region', message: 'region "world" was deleted' };
    fault(0, 'readonly', 7);
    expect([codes(), world.acquired]).toEqual([['no-such-region'], 0]);
  });

  it('is told of when the region is deleted meanwhile', () => {
    const { pager, paged, fault, codes } = faultsIn({ nodes: 1, pages: 1 });
    fault(0, 'readonly', 7);
    pager.regionDeleted(paged);
    expect(codes()).toEqual(['no-such-region']);
  });

  it.each(['fenced', 'closed'] as const)('is told of when the node is %s, before and after', async (code) => {
    const { pager, world, fault, codes } = faultsIn({ nodes: 1, pages: 2 });
    fault(0, 'readonly', 7);
    pager.end({ code, message: 'over' });
    fault(1, 'readonly', 7);
    await world.deliver();
    expect(codes()).toEqual([code, code]);
  });

  it('is told of when the node is being closed', () => {
    const { pager, fault, codes } = faultsIn({ nodes: 1, pages: 2 });
    fault(0, 'readonly', 7);
    pager.shut({ code: 'closed', message: 'over' });
    fault(1, 'readonly', 7);
    expect(codes()).toEqual(['closed', 'closed']);
  });

  it('is told of when the page was lost', async () => {
    const { world, fault, codes } = faultsIn({ nodes: 2, pages: 1 });
    const other = world.node(1);
    await world.settle(other.region.write(0, Uint8Array.of(1)));
    await world.deliver();
    other.pager.end({ code: 'fenced', message: 'killed' });
    world.loses(other);
    fault(0, 'readonly', 7);
    await world.deliver();
    expect(codes()).toEqual(['page-lost']);
  });
});
