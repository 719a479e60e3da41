import type { Traffic } from './team/team.js';

/** Whether a parallel result holds against the serial one. */
export interface Verdict {
  readonly ok: boolean;
  /** For people: what was compared, and where it differs. */
  readonly summary: string;
}

/** What one team found out about one example. */
export interface Outcome {
  /** One figure for each repetition; both of one repetition were taken one after the other, in the same process. */
  readonly serialMs: readonly number[];
  readonly parallelMs: readonly number[];
  /** Of all members, in one repetition, on average. */
  readonly traffic?: Traffic | undefined;
  readonly verdict: Verdict;
  /** The result, for people. */
  readonly lines: readonly string[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}
