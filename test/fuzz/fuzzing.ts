import fc from 'fast-check';
import { expect, vi } from 'vitest';

/** `PAGEWIRE_FUZZ_RUNS=50` makes every fuzz test try 50 times as much, and gives it 50 times as long. */
const multiplier = positive('PAGEWIRE_FUZZ_RUNS') ?? 1;
/** The same cases in every normal run of the tests, whose result is then no matter of luck; new ones wherever more are asked for. */
const seed = positive('PAGEWIRE_FUZZ_SEED') ?? (process.env['PAGEWIRE_FUZZ_RUNS'] === undefined ? 1 : undefined);
/** Names the failing case of a seed, so that a replay goes straight to it. */
const path = process.env['PAGEWIRE_FUZZ_PATH'];

/** The time limit of each fuzz test: far above what it takes, and more where more is tried. */
const timeoutMs = Math.ceil(60_000 * Math.max(1, multiplier));
// For every test of the file that imports this.
vi.setConfig({ testTimeout: timeoutMs });

function positive(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value !== 0) return value;
  throw new Error(`${name} is a number other than 0, not "${text}"`);
}

export interface Fuzzing {
  /** The test file, from the root of the repository. */
  readonly file: string;
  /** Cases in a normal run of the tests. */
  readonly runs: number;
  /** A case that takes longer counts as a hang. Only for asynchronous properties. */
  readonly hangMs?: number;
  /** False where a case is too slow, or depends too much on timing, for a search of a smaller one. */
  readonly shrink?: boolean;
}

/** Settings of a property: how many cases, and a failure that prints the one command that replays it. */
export function fuzzed<T>({ file, runs, hangMs, shrink = true }: Fuzzing): fc.Parameters<T> {
  const test = (expect.getState().currentTestName ?? '').replaceAll(' > ', ' ');
  const project = file.startsWith('test/cluster/') ? 'cluster' : 'unit';
  return {
    numRuns: Math.max(1, Math.ceil(runs * multiplier)),
    endOnFailure: !shrink,
    // Before the test runner gives up, which could not tell how to replay what was found.
    interruptAfterTimeLimit: timeoutMs * 0.9,
    markInterruptAsFailure: true,
    ...(hangMs === undefined ? {} : { timeout: hangMs }),
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
    reporter(run) {
      if (!run.failed) return;
      const where = run.counterexamplePath === null ? '' : ` PAGEWIRE_FUZZ_PATH=${run.counterexamplePath}`;
      const only = test === '' ? '' : ` -t '${asPattern(test)}'`;
      const replay = `PAGEWIRE_FUZZ_SEED=${run.seed}${where} npx vitest run --project ${project} ${file}${only}`;
      throw new Error(`${fc.defaultReportMessage(run)}\n\nReplay: ${replay}`, { cause: run.errorInstance });
    },
  };
}

/** `text` as a regular expression that a shell takes between single quotes. */
const asPattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll("'", '.');
