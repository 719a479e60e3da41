import type { ClusterStatus } from '@pagewire/coordinator';
import { describe, expect, it } from 'vitest';
import { subtractCounters } from '../src/commands/node-counters.js';
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
      'region   size  pages    of',
      'grid    64MiB  16384  4KiB',
      '',
      'pages 1 unheld, 2 shared, 3 exclusive, 4 changing hands, 5 lost; 3.0 MiB stored by the coordinator; 6 lost since the start',
    ]);
  });

  it('of an empty cluster says that it is empty', () => {
    const text = describeStatus({ ...status, nodes: [], regions: [] }, colors);
    expect(text).toContain('no nodes\n\nno regions');
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
  it('between two readings are the difference', () => {
    const before = { ...noRates, residentPages: 5, readFaults: 10 };
    const after = { ...noRates, residentPages: 3, readFaults: 25 };
    expect(subtractCounters(after, before)).toEqual({ ...noRates, residentPages: -2, readFaults: 15 });
  });
});
