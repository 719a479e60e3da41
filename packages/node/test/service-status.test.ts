import { limits, type RegionRecord, regionId } from '@pagewire/protocol';
import { expect, test } from 'vitest';
import { type NodeStatus, nodeStatusJson } from '../src/service-status.js';

const regions = (count: number): RegionRecord[] =>
  Array.from({ length: count }, (_, n) => ({ region: regionId(n + 1), name: `${n}`.padEnd(128, 'x'), bytes: 4096, pageBytes: 4096 }));

const status = (count: number): NodeStatus => ({
  name: 'n1',
  incarnation: 1,
  state: 'live',
  urls: ['ws://ä:1'],
  memory: 'software',
  memoryReason: 'the test wants it',
  regions: regions(count),
  counters: {
    readFaults: 0,
    writeFaults: 0,
    pagesSent: 0,
    pagesReceived: 0,
    prefetched: 0,
    clientOperations: 0,
    residentPages: 0,
  },
});

test('a status names every region while they fit', () => {
  expect(JSON.parse(nodeStatusJson(status(100)))).toEqual({ ...status(100), regionCount: 100 });
});

test('of more regions than fit, a status names the first and counts all', () => {
  const json = nodeStatusJson(status(limits.maxRegions));
  expect(Buffer.byteLength(json)).toBeLessThanOrEqual(limits.maxStatusBytes);
  expect(Buffer.byteLength(json)).toBeGreaterThan(limits.maxStatusBytes - 300);
  const told: { regionCount: number; regions: RegionRecord[] } = JSON.parse(json);
  expect(told.regionCount).toBe(limits.maxRegions);
  expect(told.regions).toEqual(regions(told.regions.length));
});
