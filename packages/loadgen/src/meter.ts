import type { ErrorCode } from '@pagewire/protocol';
import { build, type Histogram } from 'hdr-histogram-js';

/** What operations are measured apart. `failed` are those that ended in an error: left out, a stall that ends in timeouts would look fast. */
export type OpKind = 'read' | 'update' | 'insert' | 'scan' | 'rmw' | 'add' | 'move' | 'check' | 'failed';

/** An operation that succeeded. */
export interface Done {
  readonly kind: OpKind;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** Latencies in microseconds, exact to three digits. */
export interface LatencySummary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

const LONGEST_US = 3_600_000_000;

function newHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_US,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
}

const summarize = (histogram: Histogram): LatencySummary => ({
  count: histogram.totalCount,
  mean: Math.round(histogram.mean),
  p50: histogram.getValueAtPercentile(50),
  p90: histogram.getValueAtPercentile(90),
  p99: histogram.getValueAtPercentile(99),
  p999: histogram.getValueAtPercentile(99.9),
  max: histogram.maxValue,
});

/** Counts operations and errors, and keeps an HDR histogram of latency for each kind of operation. */
export class Meter {
  readonly #histograms = new Map<OpKind, Histogram>();
  readonly #errors = new Map<ErrorCode, number>();
  #operations = 0;
  #failures = 0;
  #bytesRead = 0;
  #bytesWritten = 0;

  /** Operations that succeeded. */
  get operations(): number {
    return this.#operations;
  }
  /** Operations that ended in an error. */
  get failures(): number {
    return this.#failures;
  }
  get bytesRead(): number {
    return this.#bytesRead;
  }
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  succeeded(done: Done, latencyMs: number): void {
    this.#operations++;
    this.#bytesRead += done.bytesRead;
    this.#bytesWritten += done.bytesWritten;
    this.#record(done.kind, latencyMs);
  }

  failed(code: ErrorCode, latencyMs: number): void {
    this.#failures++;
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
    this.#record('failed', latencyMs);
  }

  /** Counts by code of the errors that operations ended in. */
  errors(): Partial<Record<ErrorCode, number>> {
    return Object.fromEntries(this.#errors);
  }

  latencies(): Partial<Record<OpKind, LatencySummary>> {
    return Object.fromEntries([...this.#histograms].map(([kind, histogram]) => [kind, summarize(histogram)]));
  }

  #record(kind: OpKind, latencyMs: number): void {
    let histogram = this.#histograms.get(kind);
    if (histogram === undefined) {
      histogram = newHistogram();
      this.#histograms.set(kind, histogram);
    }
    histogram.recordValue(Math.min(LONGEST_US, Math.max(1, Math.round(latencyMs * 1000))));
  }
}
