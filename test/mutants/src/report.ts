import type { LayerName } from './mutant.js';
import type { MutantResult, Trial } from './trial.js';

/** What `--json` prints. Times are in seconds. */
export interface Report {
  readonly killed: number;
  readonly survived: number;
  readonly skipped: number;
  readonly broken: number;
  readonly seconds: number;
  /** Runs on the sources as they are. */
  readonly baselines: readonly TrialReport[];
  readonly mutants: readonly MutantReport[];
}

/** A layer, its verdict with what it found or why not, and how long it took. */
type TrialReport = { readonly layer: LayerName; readonly seconds: number } & Trial['verdict'];

interface MutantReport {
  readonly name: string;
  readonly breaks: string;
  readonly file: string;
  readonly outcome: MutantResult['outcome'];
  readonly trials: readonly TrialReport[];
}

interface Run {
  readonly baselines: readonly Trial[];
  readonly results: readonly MutantResult[];
  readonly seconds: number;
}

export function reportOf({ baselines, results, seconds }: Run): Report {
  const count = (outcome: MutantResult['outcome']): number => results.filter((one) => one.outcome === outcome).length;
  return {
    killed: count('killed'),
    survived: count('survived'),
    skipped: count('skipped'),
    broken: count('broken'),
    seconds,
    baselines: baselines.map(trialReport),
    mutants: results.map(({ mutant: { name, breaks, file }, outcome, trials }) => {
      return { name, breaks, file, outcome, trials: trials.map(trialReport) };
    }),
  };
}

const trialReport = ({ layer, verdict, seconds }: Trial): TrialReport => ({ layer, ...verdict, seconds });
