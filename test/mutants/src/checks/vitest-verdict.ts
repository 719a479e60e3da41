import type { Verdict } from './check.js';
import { oneLine, verdictOf } from './child-verdict.js';

interface RunError {
  readonly name?: string;
  readonly message: string;
}

/** What came of a run of test files. */
export interface TestRun {
  readonly files: readonly string[];
  readonly tests: readonly {
    readonly name: string;
    readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
    readonly error?: RunError;
  }[];
  /** Files that could not be loaded. */
  readonly unloaded: readonly string[];
  /** Errors outside of tests. */
  readonly unhandled: readonly RunError[];
  /** Tests that cannot run here leave the question open. */
  readonly needsAll: boolean;
}

/** A test that failed decides; only then whether all could be loaded, and whether all could run. */
export function judgeTests({ files, tests, unloaded, unhandled, needsAll }: TestRun): Verdict {
  const failed = tests.find(({ state }) => state === 'failed');
  if (failed !== undefined) return verdictOf(failed.name, failed.error);
  if (unloaded[0] !== undefined) return { kind: 'broken', why: oneLine(unloaded[0]) };
  if (unhandled[0] !== undefined) return verdictOf(`unhandled: ${oneLine(unhandled[0].message)}`, unhandled[0]);
  const why = tests.filter(({ state }) => state === 'skipped').map(({ name }) => /\(skipped: ([^)]*)/.exec(name)?.[1]);
  const reason = why.find((text) => text !== undefined);
  const ran = tests.some(({ state }) => state === 'passed');
  if (reason !== undefined && (needsAll || !ran)) return { kind: 'skipped', why: reason };
  return ran ? { kind: 'passed' } : { kind: 'broken', why: `no test ran of ${files.join(', ')}` };
}
