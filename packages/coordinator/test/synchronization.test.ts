import { limits, pageId, requestId, version } from '@pagewire/protocol';
import { describe, expect, test } from 'vitest';
import { noCounters, RouterBench } from './router-bench.js';

describe('synchronization', () => {
  test('a lock passes from node to node, and a lease that ends hands it on', () => {
    const bench = new RouterBench();
    const [n1, n2] = [bench.node('n1'), bench.node('n2')];
    const member = n1.incarnation;
    n1.say({ kind: 'lock', id: 1, name: 'jobs' });
    n2.say({ kind: 'lock', id: 1, name: 'jobs' });
    expect(n1.the('obtained')).toMatchObject({ id: 1, abandoned: false });
    bench.tick(2000);
    n2.take();
    n2.say({ kind: 'renew', sentAt: 1999, counters: noCounters });
    bench.tick(3000);
    expect(n2.received.map(({ kind }) => kind)).toEqual(['renewed', 'node-lost', 'obtained', 'members']);
    expect(n2.the('obtained')).toMatchObject({ abandoned: true });
    expect(bench.logged).toContainEqual({ level: 'warn', event: 'lock-abandoned', name: 'jobs', by: member });
  });

  test('what an expelled member sends has no effect, and what it holds stays until its lease has ended', () => {
    const bench = new RouterBench();
    const [n1, n2] = [bench.node('n1'), bench.node('n2')];
    n1.say({ kind: 'lock', id: 1, name: 'jobs' });
    n1.say({ kind: 'give-back', id: 7 });
    expect(n1.the('expelled').reason).toContain('give-back of request 7');
    n1.say({ kind: 'give-back', id: 1 });
    n2.say({ kind: 'lock', id: 1, name: 'jobs' });
    expect(n2.received.map(({ kind }) => kind)).not.toContain('obtained');
    bench.tick(2000);
    n2.say({ kind: 'renew', sentAt: 1999, counters: noCounters });
    bench.tick(3000);
    expect(n2.the('obtained')).toMatchObject({ abandoned: true });
  });

  test('a node that leaves in good order breaks no barrier, one that is lost does', () => {
    const bench = new RouterBench();
    const nodes = [bench.node('n1'), bench.node('n2'), bench.node('n3')] as const;
    for (const node of nodes) node.say({ kind: 'arrive', id: 1, name: 'step', parties: 3 });
    for (const node of nodes) expect(node.the('passed')).toEqual({ kind: 'passed', id: 1, generation: 1 });
    const [n1, n2] = nodes;
    n1.say({ kind: 'leave' });
    n2.say({ kind: 'arrive', id: 2, name: 'step', parties: 2 });
    bench.tick(2000);
    n2.say({ kind: 'renew', sentAt: 1999, counters: noCounters });
    n2.take();
    bench.tick(3000);
    expect(n2.the('denied')).toMatchObject({ id: 2, code: 'broken' });
    expect(bench.events().filter((event) => event === 'barrier-broken')).toHaveLength(1);
  });

  test('a wait is judged by the version that is committed when it arrives', () => {
    const bench = new RouterBench();
    const { region } = bench.region('grid');
    const [n1, n2] = [bench.node('n1'), bench.node('n2')];
    const at = { page: pageId(region, 0), offset: 8 };
    n2.say({ kind: 'acquire', items: [{ page: at.page, id: requestId(1), right: 'readonly' }] });
    n1.say({ kind: 'wait', id: 1, ...at, version: version(0) });
    n2.say({ kind: 'acquired', items: [{ page: at.page, id: requestId(1) }] });
    expect(n1.the('waiting')).toEqual({ kind: 'waiting', id: 1, recheck: false });
    n2.say({ kind: 'acquire', items: [{ page: at.page, id: requestId(2), right: 'exclusive' }] });
    n1.take();
    n1.say({ kind: 'wait', id: 2, ...at, version: version(0) });
    expect(n1.the('waiting')).toEqual({ kind: 'waiting', id: 2, recheck: true });
    n2.say({ kind: 'acquired', items: [{ page: at.page, id: requestId(2) }] });
    n1.say({ kind: 'wait', id: 3, ...at, version: version(0) });
    expect(n1.the('look-again').id).toBe(3);
    n2.say({ kind: 'notify', id: 1, ...at });
    expect(n2.the('notified').woken).toBe(2);
    expect(n1.received.filter(({ kind }) => kind === 'woken')).toHaveLength(2);
  });

  test('a wait at a version that was never granted expels whoever makes it up', () => {
    const bench = new RouterBench();
    const { region } = bench.region('grid');
    const n1 = bench.node('n1');
    n1.say({ kind: 'wait', id: 1, page: pageId(region, 0), offset: 0, version: version(1) });
    expect(n1.the('expelled').reason).toContain('at version 1 of page');
  });

  test('waiters hear of a deleted region behind its deletion, and of pages that do not exist at once', () => {
    const bench = new RouterBench();
    const { region } = bench.region('grid');
    const n1 = bench.node('n1');
    n1.say({ kind: 'wait', id: 1, page: pageId(region, 0), offset: 0, version: version(0) });
    n1.say({ kind: 'notify', id: 2, page: pageId(region, 2), offset: 0 });
    expect(n1.the('denied')).toMatchObject({ id: 2, code: 'out-of-range' });
    n1.take();
    n1.say({ kind: 'delete-region', id: 1, name: 'grid' });
    expect(n1.received.map(({ kind }) => kind)).toEqual(['region-deleted', 'denied', 'deleted']);
    expect(n1.the('denied')).toMatchObject({ id: 1, code: 'no-such-region' });
  });

  test.each(['admin', 'client'] as const)('an %s has no part in it', (role) => {
    const bench = new RouterBench();
    bench.link(role).say({ kind: 'lock', id: 1, name: 'jobs' });
    expect([...bench.ended.values()]).toEqual(['protocol-violation']);
  });

  test('answers are not for coordinators', () => {
    const bench = new RouterBench();
    bench.node('n1').say({ kind: 'woken', id: 1 });
    expect([...bench.ended.values()]).toEqual(['protocol-violation']);
  });

  test('limits are refusals, and refused requests leave nothing behind', () => {
    const bench = new RouterBench();
    const n1 = bench.node('n1');
    for (let id = 1; id <= limits.maxSyncRequestsPerNode; id += 1) n1.say({ kind: 'lock', id, name: `lock-${id}` });
    n1.take();
    n1.say({ kind: 'lock', id: 5000, name: 'lock-1' });
    expect(n1.the('denied')).toMatchObject({ id: 5000, code: 'overloaded' });
  });
});
