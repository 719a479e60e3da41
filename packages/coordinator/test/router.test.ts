import { limits, pageId, type RegionRecord, requestId, version } from '@pagewire/protocol';
import { describe, expect, test } from 'vitest';
import type { ClusterStatus } from '../src/status.js';
import { type FarEnd, noCounters, RouterBench } from './router-bench.js';

const kinds = (end: FarEnd) => end.received.map((message) => message.kind);
const acquire = (end: FarEnd, { region }: RegionRecord, right: 'readonly' | 'exclusive', id = 1, index = 0) =>
  end.say({ kind: 'acquire', items: [{ page: pageId(region, index), id: requestId(id), right }] });
const acquired = (end: FarEnd, { region }: RegionRecord, id = 1, index = 0) =>
  end.say({ kind: 'acquired', items: [{ page: pageId(region, index), id: requestId(id) }] });

describe('pages', () => {
  test('an acquire of a member is granted by the home', () => {
    const bench = new RouterBench();
    const grid = bench.region('grid');
    const n1 = bench.node('n1');
    acquire(n1, grid, 'exclusive');
    acquired(n1, grid);
    expect(n1.items('grant')).toMatchObject([{ page: pageId(grid.region, 0), right: 'exclusive', content: 'zero' }]);
    expect(bench.status().pages).toMatchObject({ exclusive: 1, busy: 0 });
  });

  test('what an expelled member sends has no effect', () => {
    const bench = new RouterBench();
    const grid = bench.region('grid');
    const [n1, n2] = [bench.node('n1'), bench.node('n2')];
    n1.say({ kind: 'suspect', member: n2.incarnation });
    bench.tick(0);
    bench.tick(1000);
    for (const node of [n1, n2]) node.say({ kind: 'renew', sentAt: 1000, counters: noCounters });
    bench.tick(2000);
    n2.take();
    acquire(n2, grid, 'exclusive');
    n2.say({ kind: 'open-region', id: 9, name: 'other', bytes: 1 });
    expect(n2.received).toEqual([{ kind: 'failed', id: 9, code: 'fenced', message: expect.stringContaining('open-region') }]);
    expect(bench.status().pages).toMatchObject({ busy: 0 });
  });

  test('a suspicion, an expulsion, an orderly leave and a loss are logged as what they are', () => {
    const bench = new RouterBench();
    const [n1, n2, n3] = [bench.node('n1'), bench.node('n2'), bench.node('n3')];
    n1.say({ kind: 'suspect', member: n2.incarnation });
    n3.say({ kind: 'leave' });
    bench.tick(0);
    bench.tick(1000);
    for (const node of [n1, n2]) node.say({ kind: 'renew', sentAt: 1000, counters: noCounters });
    bench.tick(2000);
    bench.tick(4000);
    expect(bench.logged.filter((line) => line.event !== 'node-joined')).toMatchObject([
      { level: 'warn', event: 'node-suspected', name: 'n2', by: 'n1' },
      { level: 'info', event: 'node-left', name: 'n3', incarnation: n3.incarnation },
      { level: 'warn', event: 'node-expelled', name: 'n2', why: expect.stringContaining('"n1"') },
      { level: 'warn', event: 'node-lost', name: 'n1', why: 'lease-ended' },
      { level: 'warn', event: 'node-lost', name: 'n2', why: 'lease-ended' },
    ]);
  });

  test('when a node is lost the others hear of it before anything that follows from it, and its pages are lost', () => {
    const bench = new RouterBench();
    const grid = bench.region('grid');
    const [n1, n2] = [bench.node('n1'), bench.node('n2')];
    acquire(n1, grid, 'exclusive');
    acquired(n1, grid);
    acquire(n2, grid, 'readonly');
    bench.tick(2000);
    n2.take();
    n2.say({ kind: 'renew', sentAt: 1999, counters: noCounters });
    bench.tick(3000);
    expect(kinds(n2).slice(0, 2)).toEqual(['renewed', 'node-lost']);
    n2.say({
      kind: 'report',
      items: [...n2.items('query')].map(({ page, round }) => ({ page, round, holding: 'none', version: version(0) })),
    });
    expect(n2.items('refused')).toMatchObject([{ code: 'page-lost' }]);
    expect(kinds(n1).at(-1)).toBe('expelled');
    expect(bench.status()).toMatchObject({ pages: { lost: 1 }, pagesLost: 1 });
    expect(bench.events()).toContain('pages-lost');
  });

  test('a member that breaks the protocol of pages is expelled, and its link stays for it to come back', () => {
    const bench = new RouterBench();
    const grid = bench.region('grid');
    const n1 = bench.node('n1');
    const first = n1.incarnation;
    acquired(n1, grid);
    expect(kinds(n1).at(-1)).toBe('expelled');
    n1.take();
    n1.say({ kind: 'join', name: 'n1', urls: [], previous: first });
    expect(n1.incarnation).toBeGreaterThan(first);
    expect(bench.ended.size).toBe(0);
    expect(bench.events()).toContain('protocol-violation');
  });

  test('above the cap the home drops the bytes that sharers have, and keeps those that nobody has', () => {
    const bench = new RouterBench({ storeBytes: 0 });
    const grid = bench.region('grid');
    const [n1, n2] = [bench.node('n1'), bench.node('n2')];
    const content = new Uint8Array(grid.pageBytes).fill(7);
    const [shared, unheld] = [pageId(grid.region, 0), pageId(grid.region, 1)];
    acquire(n1, grid, 'exclusive', 1, 0);
    acquired(n1, grid, 1, 0);
    acquire(n1, grid, 'exclusive', 2, 1);
    acquired(n1, grid, 2, 1);
    acquire(n2, grid, 'readonly', 1, 0);
    n1.say({ kind: 'downgraded', items: [{ page: shared, id: requestId(1), version: version(1), content }] });
    acquired(n2, grid, 1, 0);
    n1.say({ kind: 'release', items: [{ page: unheld, version: version(1), content }] });
    expect(bench.status()).toMatchObject({ storedBytes: 2 * grid.pageBytes, pages: { shared: 1, unheld: 1 } });
    bench.tick(100);
    expect(bench.status()).toMatchObject({ storedBytes: grid.pageBytes, pages: { shared: 1, unheld: 1 } });
  });
});

describe('who may say what', () => {
  test.each([
    ['a node that has not joined', 'node', { kind: 'leave' }],
    ['an admin that acquires', 'admin', { kind: 'acquire', items: [] }],
    ['a client that renews', 'client', { kind: 'renew', sentAt: 0, counters: noCounters }],
    ['an admin that plays coordinator', 'admin', { kind: 'left' }],
    ['a node that joins under another name', 'node', { kind: 'join', name: 'n2', urls: [] }],
  ] as const)('%s is turned away with a reason', (_who, role, message) => {
    const bench = new RouterBench();
    const peer = bench.link(role, 'n1');
    peer.say(message);
    expect(peer.received).toEqual([{ kind: 'failed', id: 0, code: 'protocol-violation', message: expect.stringContaining(message.kind) }]);
    expect([...bench.ended.values()]).toEqual(['protocol-violation']);
    peer.say({ kind: 'status', id: 1 });
    expect(peer.received).toHaveLength(1);
  });

  test('a member that sends what only a coordinator sends is expelled and turned away', () => {
    const bench = new RouterBench();
    const n1 = bench.node('n1');
    n1.take();
    n1.say({ kind: 'renewed', sentAt: 1 });
    expect(kinds(n1)).toEqual(['expelled', 'failed']);
    expect(bench.status().nodes).toMatchObject([{ name: 'n1', state: 'expelled' }]);
  });

  test('a join that is refused is told why and ends its link', () => {
    const bench = new RouterBench();
    const [first, second] = [bench.node('n1'), bench.node('n1')];
    first.say({ kind: 'renew', sentAt: 1, counters: noCounters });
    expect(second.received).toEqual([{ kind: 'failed', id: 0, code: 'name-taken', message: expect.stringContaining('ws://n1:1') }]);
    expect([...bench.ended]).toEqual([[2, 'name-taken']]);
    first.say({ kind: 'leave' });
    expect(bench.status().nodes).toEqual([]);
  });

  test('a member whose link ends is expelled, and lost only when its lease has run out', () => {
    const bench = new RouterBench();
    const n1 = bench.node('n1');
    n1.cut();
    bench.tick(1500);
    expect(bench.status().nodes).toMatchObject([{ name: 'n1', state: 'expelled', leaseRemainingMs: 1500 }]);
    bench.tick(3000);
    expect(bench.status().nodes).toEqual([]);
  });
});

describe('requests', () => {
  test('regions are created, opened, listed and deleted, and every node hears of a deletion', () => {
    const bench = new RouterBench();
    const [admin, n1] = [bench.link('admin'), bench.node('n1')];
    n1.say({ kind: 'open-region', id: 1, name: 'grid', bytes: 5000 });
    admin.say({ kind: 'open-region', id: 2, name: 'grid' });
    admin.say({ kind: 'list-regions', id: 3 });
    admin.say({ kind: 'delete-region', id: 4, name: 'grid' });
    admin.say({ kind: 'list-regions', id: 5 });
    const record = { region: 1, name: 'grid', bytes: 8192, pageBytes: limits.defaultPageBytes };
    expect(n1.received.slice(-2)).toEqual([
      { kind: 'region-opened', id: 1, record },
      { kind: 'region-deleted', region: 1 },
    ]);
    expect(admin.received).toEqual([
      { kind: 'region-opened', id: 2, record },
      { kind: 'regions-listed', id: 3, records: [record] },
      { kind: 'deleted', id: 4 },
      { kind: 'regions-listed', id: 5, records: [] },
    ]);
  });

  test('the pages of a deleted region are gone, and an acquire of one is refused', () => {
    const bench = new RouterBench();
    const grid = bench.region('grid');
    const n1 = bench.node('n1');
    acquire(n1, grid, 'exclusive');
    acquired(n1, grid);
    n1.say({ kind: 'delete-region', id: 1, name: 'grid' });
    acquire(n1, grid, 'readonly', 2, 1);
    expect(bench.status().pages).toEqual({ unheld: 0, shared: 0, exclusive: 0, busy: 0, lost: 0 });
    expect(n1.items('refused')).toMatchObject([{ id: 2, code: 'no-such-region' }]);
  });

  test('a long list of regions goes on after the last one that came', () => {
    const bench = new RouterBench();
    const admin = bench.link('admin');
    for (let i = 0; i <= limits.maxRegionsPerList; i++) admin.say({ kind: 'open-region', id: i, name: `r${i}`, bytes: 1 });
    admin.take();
    admin.say({ kind: 'list-regions', id: 1 });
    const first = admin.the('regions-listed').records;
    admin.take();
    admin.say({ kind: 'list-regions', id: 2, after: first.at(-1)?.region });
    expect(first).toHaveLength(limits.maxRegionsPerList);
    expect(admin.the('regions-listed').records).toMatchObject([{ name: `r${limits.maxRegionsPerList}` }]);
  });

  test.each([
    [{ kind: 'open-region', id: 5, name: 'grid', bytes: 1 }, 'region-mismatch'],
    [{ kind: 'open-region', id: 5, name: 'none' }, 'no-such-region'],
    [{ kind: 'delete-region', id: 5, name: 'none' }, 'no-such-region'],
    [{ kind: 'read', id: 5, region: 1, offset: 0, length: 1 }, 'unsupported'],
  ])('%j fails with its own id and %s, and the link goes on', (request, code) => {
    const bench = new RouterBench();
    bench.region('grid');
    const admin = bench.link('admin');
    // The table holds plain numbers where the message has a branded region id.
    admin.say(request as Parameters<FarEnd['say']>[0]);
    expect(admin.received).toEqual([{ kind: 'failed', id: 5, code, message: expect.stringMatching(/grid|none|read/) }]);
    expect(bench.ended.size).toBe(0);
  });

  test('status tells nodes with their rates, regions and pages', () => {
    const bench = new RouterBench();
    const grid = bench.region('grid');
    const n1 = bench.node('n1');
    acquire(n1, grid, 'readonly');
    acquired(n1, grid);
    n1.say({ kind: 'renew', sentAt: 1, counters: noCounters });
    bench.now = 500;
    n1.say({ kind: 'renew', sentAt: 501, counters: { ...noCounters, readFaults: 10, residentPages: 1 } });
    const admin = bench.link('admin');
    admin.say({ kind: 'status', id: 1 });
    const status: ClusterStatus = JSON.parse(admin.the('status-reported').json);
    expect(status).toMatchObject({
      cluster: 'c',
      uptimeMs: 500,
      nodes: [
        {
          name: 'n1',
          incarnation: 1,
          urls: ['ws://n1:1'],
          state: 'live',
          leaseRemainingMs: 3000,
          counters: { readFaults: 10, residentPages: 1 },
          rates: { readFaults: 20 },
        },
      ],
      regionCount: 1,
      regions: [{ name: 'grid', bytes: 8192, pageBytes: 4096 }],
      pages: { unheld: 0, shared: 1, exclusive: 0, busy: 0, lost: 0 },
      storedBytes: 0,
    });
  });
});
