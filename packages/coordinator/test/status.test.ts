import { incarnation, limits, millis, type NodeCounters } from '@pagewire/protocol';
import { expect, test } from 'vitest';
import { type ClusterStatus, CounterHistory, statusJson } from '../src/status.js';

const member = { incarnation: incarnation(1), name: 'n1', urls: [], state: 'live', leaseRemainingMs: 2000.4 } as const;
const counted = (readFaults: number, residentPages = 0): NodeCounters => ({
  readFaults,
  writeFaults: 0,
  pagesSent: 0,
  pagesReceived: 0,
  prefetched: 0,
  clientOperations: 0,
  residentPages,
});

test('a node that has not renewed has counted nothing', () => {
  expect(new CounterHistory().nodeStatus(member)).toMatchObject({ counters: counted(0), rates: { readFaults: 0 }, leaseRemainingMs: 2000 });
});

test('rates come from consecutive renewals', () => {
  const history = new CounterHistory();
  history.record(member.incarnation, millis(1000), counted(100, 7));
  history.record(member.incarnation, millis(1500), counted(150, 9));
  const status = history.nodeStatus(member);
  expect(status.counters).toEqual(counted(150, 9));
  expect(status.rates).toEqual({ readFaults: 100, writeFaults: 0, pagesSent: 0, pagesReceived: 0, prefetched: 0, clientOperations: 0 });
});

test('a burst of renewals after a pause gives no absurd rates', () => {
  const history = new CounterHistory();
  history.record(member.incarnation, millis(1000), counted(0));
  history.record(member.incarnation, millis(1001), counted(500));
  history.record(member.incarnation, millis(1002), counted(1000));
  expect(history.nodeStatus(member)).toMatchObject({ counters: counted(1000), rates: { readFaults: 0 } });
  history.record(member.incarnation, millis(2000), counted(2000));
  expect(history.nodeStatus(member).rates.readFaults).toBe(2000);
});

test('a member that is forgotten starts anew', () => {
  const history = new CounterHistory();
  history.record(member.incarnation, millis(1000), counted(5));
  history.forget(member.incarnation);
  expect(history.nodeStatus(member).counters).toEqual(counted(0));
});

test('the status of a full cluster fits in a message: regions that do not fit are left out', () => {
  const counters = counted(Number.MAX_SAFE_INTEGER);
  const full: ClusterStatus = {
    version: '0.1.0',
    cluster: 'c',
    uptimeMs: 1,
    epoch: 1,
    nodes: Array.from({ length: limits.maxNodes }, (_, i) => ({
      name: '"'.repeat(limits.maxNodeNameBytes),
      incarnation: i,
      urls: Array.from({ length: limits.maxUrlsPerMember }, () => 'u'.repeat(limits.maxUrlBytes)),
      state: 'expelled',
      leaseRemainingMs: 3000,
      counters,
      rates: counters,
    })),
    regionCount: limits.maxRegions,
    regions: Array.from({ length: limits.maxRegions }, () => ({
      name: '"'.repeat(limits.maxRegionNameBytes),
      bytes: 2 ** 40,
      pageBytes: 4096,
    })),
    pages: { unheld: 0, shared: 0, exclusive: 0, busy: 0, lost: 0 },
    storedBytes: 0,
    pagesLost: 0,
    process: { rss: 0, heap: 0 },
  };
  const json = statusJson(full);
  const read: ClusterStatus = JSON.parse(json);
  expect(json.length).toBeLessThanOrEqual(limits.maxStatusBytes);
  expect(read.nodes).toEqual(full.nodes);
  expect(read.regionCount).toBe(limits.maxRegions);
  expect(read.regions.length).toBeGreaterThan(100);
  expect(JSON.parse(statusJson({ ...full, regions: full.regions.slice(0, 3) })).regions).toHaveLength(3);
});
