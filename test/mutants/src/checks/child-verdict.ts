import type { Verdict } from './check.js';

/** Ends this process, and those it started, when whoever waits for its verdict is gone. */
export function tieToParent(): void {
  process.once('disconnect', () => process.kill(-process.pid, 'SIGKILL'));
}

/** Says the verdict and ends. */
export function conclude(verdict: Verdict): void {
  process.send?.(verdict, undefined, {}, () => process.exit(0));
}

/** Errors of a mutant that is wrong itself: such a source says nothing about the checks. */
const wrongSource = new Set(['SyntaxError', 'ReferenceError', 'TypeError']);

/** A failure in one line, for the table. */
export function verdictOf(by: string, error: { readonly name?: string; readonly message: string } | undefined): Verdict {
  if (error !== undefined && wrongSource.has(error.name ?? '')) return { kind: 'broken', why: `${error.name}: ${oneLine(error.message)}` };
  return { kind: 'failed', by, ...(error !== undefined && { error: oneLine(error.message) }) };
}

export const oneLine = (text: string, length = 160): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
};
