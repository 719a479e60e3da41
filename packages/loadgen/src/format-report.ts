import type { LatencySummary } from './meter.js';
import type { HistoryReport } from './recording.js';
import { type LoadReport, thingsOf } from './report.js';
import { count } from './workload.js';

const MIB = 1024 * 1024;

/** A latency with three digits and its unit. */
function microseconds(us: number): string {
  if (us < 1000) return `${us} µs`;
  if (us < 1_000_000) return `${(us / 1000).toPrecision(3)} ms`;
  return `${(us / 1_000_000).toPrecision(3)} s`;
}

/** Columns as wide as their widest cell; the first is aligned to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
  );
}

function latencyTable(report: LoadReport): string[] {
  const row = (kind: string, l: LatencySummary): string[] => [
    kind,
    count(l.count),
    ...[l.mean, l.p50, l.p90, l.p99, l.p999, l.max].map(microseconds),
  ];
  const rows = Object.entries(report.latencyUs).map(([kind, latency]) => row(kind, latency));
  if (rows.length === 0) return [];
  return ['', ...table([['operation', 'count', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'max'], ...rows])];
}

function heading(report: LoadReport): string {
  const what = report.workload.length === 1 ? `YCSB ${report.workload}` : report.workload;
  const keys = report.distribution ? `, ${report.distribution}` : '';
  const size = report.recordBytes ? ` of ${count(report.recordBytes)} bytes` : '';
  const depth = report.depth > 1 ? ` × ${report.depth} in flight` : '';
  const clients = `${report.clients} ${report.clients === 1 ? 'client' : 'clients'}${depth}`;
  return `${what}: ${clients} over ${report.transport}, ${count(report.records)} ${thingsOf(report.workload)}${size}${keys}, seed ${report.seed}`;
}

function throughput(report: LoadReport): string {
  const seconds = report.durationMs / 1000;
  const perSecond = (bytes: number): string => (seconds > 0 ? bytes / MIB / seconds : 0).toFixed(1);
  const rate = report.rate === undefined ? '' : ` of ${count(report.rate)} intended`;
  const bytes = `${perSecond(report.bytesRead)} MiB/s read, ${perSecond(report.bytesWritten)} MiB/s written`;
  return `${count(Math.round(report.opsPerSecond))} ops/s${rate} (${count(report.operations)} in ${seconds.toFixed(1)} s), ${bytes}`;
}

function troubles(report: LoadReport): string[] {
  const errors = Object.entries(report.errors).map(([code, n]) => `${code} ${count(n)}`);
  return [
    ...(report.aborted ? ['stopped before its end'] : []),
    ...(errors.length > 0 ? [`errors: ${errors.join(', ')}`] : []),
    ...(report.behind > 0 ? [`behind schedule: ${count(report.behind)} operations were due and never started`] : []),
    ...(report.setAside > 0 ? [`set aside: ${count(report.setAside)} ${thingsOf(report.workload)} on lost pages`] : []),
    ...report.notes.map((note) => `note: ${note}`),
    ...(report.history === undefined ? [] : [`history: ${historyOf(report.history)}`]),
  ];
}

const historyOf = ({ file, operations, complete }: HistoryReport): string =>
  `${count(operations)} operations${complete ? '' : ', the first of the run,'} in ${file}`;

/** The report for people: a heading, a table of latencies, what went wrong, and what was verified. No trailing newline. */
export function formatReport(report: LoadReport): string {
  const { verification } = report;
  return [
    heading(report),
    throughput(report),
    ...latencyTable(report),
    '',
    ...troubles(report),
    `verification ${verification.ok ? 'ok' : 'FAILED'}: ${verification.summary}`,
    ...verification.failures.map((failure) => `  ${failure}`),
  ].join('\n');
}
