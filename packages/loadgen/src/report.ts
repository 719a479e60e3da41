import type { ErrorCode } from '@pagewire/protocol';
import type { Distribution } from './choosers.js';
import type { LatencySummary, OpKind } from './meter.js';
import type { WorkloadName } from './options.js';
import type { HistoryReport } from './recording.js';

/** What a run verified. */
export interface VerificationReport {
  /** False when a check failed, or when there was nothing to check. */
  readonly ok: boolean;
  readonly checks: number;
  readonly wrong: number;
  /** The first few failures. */
  readonly failures: readonly string[];
  /** The verdict in a sentence. */
  readonly summary: string;
}

/** The outcome of a run: plain data, fit for JSON. Durations are whole milliseconds, latencies whole microseconds. The README lists the fields. */
export interface LoadReport {
  readonly workload: WorkloadName;
  readonly regionName: string;
  readonly targets: readonly string[];
  /** `ws`, `grpc`, or both joined by `+`, as the targets' addresses say. */
  readonly transport: string;
  /** Clients that took part. */
  readonly clients: number;
  readonly depth: number;
  readonly records: number;
  /** Absent where the workload has no records. */
  readonly recordBytes?: number;
  /** Absent where the workload chooses no keys. */
  readonly distribution?: Distribution;
  readonly seed: number;
  /** Operations a second that were intended; absent in closed loop. */
  readonly rate?: number;
  /** How long the load phase took. */
  readonly loadMs: number;
  /** From the start of the measured phase to the end of its last operation, or of its time if that is later. */
  readonly durationMs: number;
  /** How long the final check took. */
  readonly verifyMs: number;
  /** Operations that succeeded. */
  readonly operations: number;
  /** Operations that succeeded per second of `durationMs`, to one digit after the point. */
  readonly opsPerSecond: number;
  /** Operations that were due in open loop but were never started. */
  readonly behind: number;
  /** Operations that were still under way when the load ended and were not waited for; they are in neither `operations` nor `errors`. */
  readonly unfinished: number;
  /** Operations that ended in an error, by code. */
  readonly errors: Partial<Record<ErrorCode, number>>;
  /** Microseconds, for each kind of operation. */
  readonly latencyUs: Partial<Record<OpKind, LatencySummary>>;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Records, counters or accounts on lost pages. */
  readonly setAside: number;
  /** True when the run was stopped before its end. */
  readonly aborted: boolean;
  readonly verification: VerificationReport;
  /** Absent where none was recorded. */
  readonly history?: HistoryReport;
  /** What else a reader of the numbers should know. */
  readonly notes: readonly string[];
}

/** The schemes of the targets' addresses. */
export function transportOf(targets: readonly string[]): string {
  const schemes = targets.map((target) => /^([a-z]+):/i.exec(target)?.[1]?.toLowerCase() ?? 'unknown');
  return [...new Set(schemes)].sort().join('+');
}

/** What `records` and `setAside` count. */
export function thingsOf(workload: WorkloadName): string {
  if (workload === 'counter') return 'counters';
  return workload === 'transfer' ? 'accounts' : 'records';
}
