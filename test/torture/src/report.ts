import type { KindSum } from './campaign.js';
import type { FaultKind, PlannedFault } from './faults.js';
import type { Compared } from './leaks/leak-check.js';
import type { WorkloadSum } from './load/rounds.js';
import type { Tallies } from './load/tallies.js';

/** Operations of one load. `failed` counts by code, what is unknown included. */
export interface OperationSum {
  readonly total: number;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly failed: Readonly<Record<string, number>>;
}

/** The outcome of a run: plain data, fit for JSON. */
export interface TortureReport {
  ok: boolean;
  readonly seed: number;
  readonly minutes: number;
  readonly network: 'namespaces' | 'proxy';
  /** Why the network is not the better one; empty where it is. */
  readonly networkReason: string;
  readonly transport: string;
  readonly memory: string;
  readonly nodes: number;
  /** Mapped programs; 0 where this machine has no mapped memory. */
  readonly programs: number;
  readonly leaseMs: number;
  readonly aborted: boolean;
  readonly seconds: number;
  readonly operations: { readonly workloads: OperationSum; readonly standing: OperationSum; readonly mapped: OperationSum };
  readonly workloads: Readonly<Record<string, WorkloadSum>>;
  readonly faults: Partial<Record<FaultKind, KindSum>>;
  readonly schedule: readonly PlannedFault[];
  /** By the coordinator's count, over all regions. */
  readonly pagesLost: number;
  /** Lives of members beyond their first. */
  readonly rejoins: number;
  /** How mapped programs ended before their time: by exit code or signal. */
  readonly programEnds: Readonly<Record<string, number>>;
  readonly mappedRegions: number;
  readonly standingLocations: { readonly used: number; readonly lost: number };
  /** Checks of loads, and reads of the final verification. */
  readonly checks: number;
  readonly finalReads: number;
  readonly processes: readonly Compared[];
  readonly findings: string[];
  readonly notes: readonly string[];
}

export const operationSum = (tallies: Tallies): OperationSum => ({
  total: tallies.total,
  acknowledged: tallies.acknowledged,
  unknown: tallies.unknown,
  failed: tallies.failures,
});

const count = (n: number): string => n.toLocaleString('en-US');

const codes = (failed: Readonly<Record<string, number>>): string =>
  Object.entries(failed)
    .map(([code, times]) => `${code} ${count(times)}`)
    .join(', ') || 'none';

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;

/** The report for people. */
export function formatReport(report: TortureReport): string {
  const { operations, faults, processes } = report;
  const loads = Object.entries(operations).map(
    ([load, { total, acknowledged, unknown, failed }]) =>
      `  ${load.padEnd(10)} ${count(total)} operations, ${count(acknowledged)} acknowledged, ${count(unknown)} unknown; failed: ${codes(failed)}`,
  );
  const rounds = Object.entries(report.workloads).map(
    ([name, sum]) =>
      `  ${name.padEnd(10)} ${sum.rounds} rounds (${sum.givenUp} not begun), ${count(sum.checks)} checks, ${sum.wrong} wrong, ${count(sum.setAside)} on lost pages${sum.unread > 0 ? `, ${sum.unread} rounds not read to the end` : ''}`,
  );
  const nemesis = Object.entries(faults).map(
    ([kind, { injected, effective, notBegun, example }]) =>
      `  ${kind.padEnd(18)} ${injected} injected, ${effective} with effect${notBegun > 0 ? `, ${notBegun} not begun` : ''}${example === undefined ? '' : ` (${example})`}`,
  );
  const figures = processes.map(
    ({ name, before, after }) =>
      `  ${name.padEnd(12)} descriptors ${before.descriptors} → ${after.descriptors}, threads ${before.threads} → ${after.threads}, ` +
      `memory ${mebibytes(before.residentBytes)} → ${mebibytes(after.residentBytes)}`,
  );
  return [
    `torture, seed ${report.seed}: ${report.minutes} min, ${report.nodes} nodes, ${report.programs} mapped programs, ${report.transport}, ${report.memory} memory, ${report.network}`,
    ...['loads', ...loads, 'rounds', ...rounds, 'nemesis', ...nemesis, 'processes, after the warm-up → at the end', ...figures],
    `pages lost ${report.pagesLost}; rejoins ${report.rejoins}; mapped programs ended: ${codes(report.programEnds)}; mapped regions ${report.mappedRegions}`,
    `final reads ${count(report.finalReads)}; checks ${count(report.checks)}; ${report.seconds.toFixed(1)} s in all`,
    ...report.notes.map((note) => `note: ${note}`),
    ...report.findings.map((finding) => `WRONG: ${finding}`),
    report.ok
      ? 'verdict: all verified'
      : `verdict: ${report.aborted ? 'stopped before its end' : 'failed'}; replay with --seed ${report.seed}`,
  ].join('\n');
}
