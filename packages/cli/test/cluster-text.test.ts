import type { ClusterStatus } from '@pagewire/coordinator';
import { describe, expect, it } from 'vitest';
import { countedBetween } from '../src/commands/node-counters.js';
import { describeStatus } from '../src/commands/status.js';
import { showLogLine } from '../src/log-line.js';
import { coordinatorReady, nodeReady } from '../src/processes/ready-line.js';
import { recordedTerminal } from './recorded-terminal.js';

const { colors } = recordedTerminal().terminal;
const noRates = { readFaults: 0, writeFaults: 0, pagesSent: 0, pagesReceived: 0, prefetched: 0, clientOperations: 0 };

const status: ClusterStatus = {
  version: '0.1.0',
  cluster: 'c1',
  uptimeMs: 3_725_000,
  epoch: 7,
  nodes: [
    {
      name: 'n10',
      incarnation: 12,
      urls: ['grpc://127.0.0.1:7080'],
      state: 'expelled',
      leaseRemainingMs: 10,
      counters: { ...noRates, residentPages: 0 },
      rates: noRates,
    },
    {
      name: 'n2',
      incarnation: 11,
      urls: ['ws://127.0.0.1:7072'],
      state: 'live',
      leaseRemainingMs: 2900,
      counters: { ...noRates, residentPages: 42 },
      rates: { ...noRates, readFaults: 1234.5, writeFaults: 0.25 },
    },
  ],
  regionCount: 1,
  regions: [{ name: 'grid', bytes: 64 * 1024 ** 2, pageBytes: 4096 }],
  pages: { unheld: 1, shared: 2, exclusive: 3, busy: 4, lost: 5 },
  storedBytes: 3 * 1024 ** 2,
  pagesLost: 6,
  process: { rss: 90 * 1024 ** 2, heap: 10 },
};

describe('the status of a cluster', () => {
  it('names its nodes, regions and pages, nodes in the order of their names', () => {
    expect(describeStatus(status, colors).split('\n')).toEqual([
      'cluster c1  up 1h 2m  epoch 7  coordinator 90.0 MiB resident',
      '',
      'node  state     reached by             resident  read faults/s  write faults/s  sent/s  received/s  client ops/s',
      'n2    live      ws://127.0.0.1:7072    42 pages           1235             0.3       0           0             0',
      'n10   expelled  grpc://127.0.0.1:7080   0 pages              0               0       0           0             0',
      '',
      'region   size  pages  page size',
      'grid    64MiB  16384       4KiB',
      '',
      'pages 1 unheld, 2 shared, 3 exclusive, 4 changing hands, 5 lost; 3.0 MiB stored by the coordinator; 6 lost since the start',
    ]);
  });

  it('of an empty cluster says that it is empty', () => {
    const text = describeStatus({ ...status, nodes: [], regions: [] }, colors);
    expect(text).toContain('no nodes\n\nno regions');
  });

  it('with many regions shows the first of them and counts the rest, also those that the message had no room for', () => {
    const regions = Array.from({ length: 100 }, (_, i) => ({ name: `r${i}`, bytes: 4096, pageBytes: 4096 }));
    const text = describeStatus({ ...status, regions, regionCount: 4000 }, colors);
    expect(text).toContain('r19 ');
    expect(text).not.toContain('r20 ');
    expect(text).toContain('and 3,980 more; --json shows more of them');
  });
});

describe('log lines', () => {
  it('name each field once and quote what would be ambiguous', () => {
    expect(showLogLine({ level: 'warn', event: 'node-lost', name: 'n2', why: 'lease ended', missing: undefined, count: 3 })).toBe(
      'warn node-lost name=n2 why="lease ended" count=3',
    );
  });
});

describe('ready lines', () => {
  it('of the wrong role are a bug', () => {
    const line = { ready: true, role: 'node', name: 'n1', url: 'ws://h:1', urls: ['ws://h:1'] };
    expect(nodeReady(line)).toBe(line);
    expect(() => coordinatorReady(line)).toThrow('a coordinator said it is ready with');
    expect(() => nodeReady('ready')).toThrow('a node said it is ready with');
  });
});

describe('counters of nodes', () => {
  const reading = (incarnation: number, readFaults: number) => ({ incarnation, counters: { ...noRates, residentPages: 1, readFaults } });

  it('between two readings are the sum of the differences', () => {
    const before = new Map([['ws://h:1', reading(1, 10)], ['ws://h:2', reading(2, 5)]]); // biome-ignore format: a table
    const after = new Map([['ws://h:1', reading(1, 25)], ['ws://h:2', reading(2, 6)]]); // biome-ignore format: a table
    expect(countedBetween(before, after)).toEqual({ ...noRates, residentPages: 0, readFaults: 16 });
  });

  it('of nodes that died or began another life between the readings are left out', () => {
    const before = new Map([['ws://h:1', reading(1, 10)], ['ws://h:2', reading(2, 500)], ['ws://h:3', reading(3, 7)]]); // biome-ignore format: a table
    const after = new Map([['ws://h:1', reading(1, 11)], ['ws://h:2', reading(9, 3)]]); // biome-ignore format: a table
    expect(countedBetween(before, after)).toEqual({ ...noRates, residentPages: 0, readFaults: 1 });
  });
});
