/** Which rule a history breaks. */
export type Rule =
  /** What the nodes say about when they performed accesses contradicts itself: two writers of one version, a page that went back. */
  | 'witness'
  /** An operation returned a value that was not there: overwritten, not yet written, or never written. */
  | 'value'
  /** Operations on one location that did not overlap in time took effect in the other order (linearizability). */
  | 'real-time'
  /** No single order of all operations keeps the order of each process (sequential consistency). */
  | 'cycle';

/** What is wrong with a history. */
export interface Violation {
  readonly rule: Rule;
  /** The operations that show it, by their place in the history, in the order in which `text` names them. */
  readonly operations: readonly number[];
  /** For people, several lines. */
  readonly text: string;
}

/** What a check has looked at. A history in which nobody met anybody shows little. */
export interface Counts {
  readonly operations: number;
  readonly processes: number;
  readonly locations: number;
  /** Operations that the verdict speaks of: those that happened, as far as anybody can know. */
  readonly checked: number;
  /** Operations that returned a value that another process had written. */
  readonly readFromOthers: number;
  /** Operations of unknown outcome, and of those the ones that others saw. */
  readonly unknown: number;
  readonly unknownSeen: number;
  readonly failed: number;
}

/** `unusable`: the history contradicts itself or lacks what a check needs, and so says nothing about the memory. */
export type Verdict =
  | { readonly outcome: 'consistent'; readonly counts: Counts }
  | { readonly outcome: 'inconsistent'; readonly violation: Violation; readonly counts: Counts }
  | { readonly outcome: 'unusable'; readonly reason: string };

/** A verdict for people. */
export function explain(verdict: Verdict): string {
  if (verdict.outcome === 'unusable') return `the history cannot be checked: ${verdict.reason}`;
  const { counts } = verdict;
  const size =
    `${counts.checked} of ${counts.operations} operations of ${counts.processes} processes on ${counts.locations} locations, ` +
    `${counts.readFromOthers} of them with a value of another process`;
  if (verdict.outcome === 'inconsistent') return `${verdict.violation.text}\n(${size})`;
  const left = `${counts.failed} failed, ${counts.unknown} of unknown outcome (${counts.unknownSeen} of those were seen)`;
  return `linearizable for each location and sequentially consistent: ${size}; ${left}`;
}
