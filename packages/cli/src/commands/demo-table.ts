import type { LatencySummary, LoadReport } from '@pagewire/loadgen';
import type { NodeCounters } from '@pagewire/protocol';
import Table from 'cli-table3';
import type { Colors } from '../terminal.js';
import { grouped } from './load-progress.js';

/** A load, and what the nodes counted while it ran. */
export interface Demonstration {
  readonly report: LoadReport;
  readonly counters: NodeCounters;
}

const noLinesBetweenRows = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** One row for each load: throughput, latency of its most frequent operation, faults, pages shipped, and the verdict. */
export function demonstrationTable(demonstrations: readonly Demonstration[], colors: Colors): string {
  const table = new Table({
    head: ['workload', 'ops/s', 'operation', 'p50', 'p99', 'faults', 'pages shipped', 'verification'].map((title) => colors.bold(title)),
    colAligns: ['left', 'right', 'left', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
    chars: noLinesBetweenRows,
  });
  for (const demonstration of demonstrations) table.push(row(demonstration, colors));
  return table.toString();
}

function row({ report, counters }: Demonstration, colors: Colors): string[] {
  const { verification, workload } = report;
  const [kind, latency] = mostFrequent(report);
  const verdict = verification.ok
    ? colors.green(`ok, ${grouped(verification.checks)} checks`)
    : colors.red(`FAILED: ${grouped(verification.wrong)} wrong`);
  return [
    workload.length === 1 ? `YCSB ${workload}` : workload,
    grouped(report.opsPerSecond),
    kind,
    latency === undefined ? '' : showMicroseconds(latency.p50),
    latency === undefined ? '' : showMicroseconds(latency.p99),
    grouped(counters.readFaults + counters.writeFaults),
    grouped(counters.pagesReceived),
    verdict,
  ];
}

function mostFrequent({ latencyUs }: LoadReport): readonly [kind: string, latency: LatencySummary | undefined] {
  const kinds = Object.entries(latencyUs).sort(([, a], [, b]) => b.count - a.count);
  return kinds[0] ?? ['', undefined];
}

function showMicroseconds(us: number): string {
  if (us < 1000) return `${us} µs`;
  return us < 1_000_000 ? `${(us / 1000).toFixed(us < 10_000 ? 2 : 1)} ms` : `${(us / 1_000_000).toFixed(2)} s`;
}
