import type { Check, Job, Verdict } from './checks/check.js';
import type { LayerName, Mutant } from './mutant.js';

/** One layer's verdict on one mutant. */
export interface Trial {
  readonly layer: LayerName;
  readonly verdict: Verdict;
  readonly seconds: number;
}

/** What became of one mutant. */
export interface MutantResult {
  readonly mutant: Mutant;
  readonly trials: readonly Trial[];
  readonly outcome: 'killed' | 'survived' | 'skipped' | 'broken';
}

export interface TrialOptions {
  readonly mutants: readonly Mutant[];
  readonly checks: readonly Check[];
  /** Runs every layer on every mutant; otherwise a mutant is done with once a layer has found it. */
  readonly everyLayer: boolean;
  /** Mutants at a time. */
  readonly jobs: number;
  /** Does a job with a mutant, or with none, in the sources. */
  run(job: Job, mutant: string | undefined): Promise<Verdict>;
  /** Told of each run on the sources as they are. */
  onBaseline(trial: Trial): void;
  onResult(result: MutantResult, done: number): void;
}

/** Runs the layers on every mutant. Each run is done without the bug first, once: one that fails then says nothing about bugs. */
export async function runMutants(options: TrialOptions): Promise<MutantResult[]> {
  const { mutants, jobs, onResult } = options;
  const baselines = new Baselines(options);
  let done = 0;
  return inParallel(mutants, jobs, async (mutant) => {
    const result = await tryMutant(mutant, options, baselines);
    done += 1;
    onResult(result, done);
    return result;
  });
}

/** Runs on the sources as they are: one for each job, however many mutants it is for. */
class Baselines {
  readonly #options: TrialOptions;
  readonly #verdicts = new Map<string, Promise<Verdict>>();

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  verdictOf(layer: LayerName, job: Job): Promise<Verdict> {
    const key = JSON.stringify(job);
    const verdict = this.#verdicts.get(key) ?? this.#run(layer, job);
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  async #run(layer: LayerName, job: Job): Promise<Verdict> {
    const trial = await timed(layer, () => this.#options.run(job, undefined));
    this.#options.onBaseline(trial);
    return trial.verdict;
  }
}

async function tryMutant(mutant: Mutant, { checks, everyLayer, run }: TrialOptions, baselines: Baselines): Promise<MutantResult> {
  const trials: Trial[] = [];
  for (const { layer, jobFor } of checks) {
    const job = jobFor(mutant);
    if (job === undefined) continue;
    const unfit = whyUnfit(await baselines.verdictOf(layer, job));
    const trial = unfit === undefined ? await timed(layer, () => run(job, mutant.name)) : { layer, verdict: unfit, seconds: 0 };
    trials.push(trial);
    if (!everyLayer && (trial.verdict.kind === 'failed' || trial.verdict.kind === 'broken')) break;
  }
  return { mutant, trials, outcome: outcomeOf(trials) };
}

function whyUnfit(baseline: Verdict): Verdict | undefined {
  if (baseline.kind === 'failed') return { kind: 'broken', why: `it fails without the bug too: ${baseline.by}` };
  return baseline.kind === 'broken' ? { kind: 'broken', why: `it is broken without the bug too: ${baseline.why}` } : undefined;
}

function outcomeOf(trials: readonly Trial[]): MutantResult['outcome'] {
  const kinds = new Set(trials.map(({ verdict }) => verdict.kind));
  if (kinds.has('broken')) return 'broken';
  if (kinds.has('failed')) return 'killed';
  // What could not run here might have found it.
  return kinds.has('skipped') ? 'skipped' : 'survived';
}

async function timed(layer: LayerName, work: () => Promise<Verdict>): Promise<Trial> {
  const started = performance.now();
  const verdict = await work();
  return { layer, verdict, seconds: (performance.now() - started) / 1000 };
}

/** Maps in order, `jobs` at a time; the first that throws ends it. */
async function inParallel<T, R>(items: readonly T[], jobs: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      // The index is below the length.
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, worker));
  return results;
}
