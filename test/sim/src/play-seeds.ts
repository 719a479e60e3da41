import { Worker } from 'node:worker_threads';
import type { Outcome } from './layer.js';
import type { LayerName } from './layers.js';
import type { SeedShare } from './seed-worker.js';

/** What many seeds came to. */
export interface Tally {
  seeds: number;
  events: number;
  readonly counts: Record<string, number>;
  /** The failing seed with the lowest number first. */
  readonly failed: Outcome[];
}

export interface SeedRange {
  readonly layer: LayerName;
  readonly firstSeed: number;
  readonly seeds: number;
}

/** Plays the seeds on `jobs` threads. Ends early when one fails, unless `goOn`; calls `progress` after each seed. */
export async function playSeeds(
  { layer, firstSeed, seeds }: SeedRange,
  { jobs, goOn, progress }: { readonly jobs: number; readonly goOn: boolean; progress(tally: Tally): void },
): Promise<Tally> {
  const tally: Tally = { seeds: 0, events: 0, counts: {}, failed: [] };
  const workers: Worker[] = [];
  const stop = (): void => workers.forEach((worker) => void worker.terminate());
  const take = (outcome: Outcome): void => {
    tally.seeds += 1;
    tally.events += outcome.events;
    for (const [what, count] of Object.entries(outcome.counts)) tally.counts[what] = (tally.counts[what] ?? 0) + count;
    if (outcome.failure !== undefined) tally.failed.push(outcome);
    progress(tally);
    if (outcome.failure !== undefined && !goOn) stop();
  };
  const shares = Array.from(
    { length: Math.min(jobs, seeds) },
    (_, index): SeedShare => ({
      layer,
      firstSeed: firstSeed + index,
      seeds: seeds - index,
      stride: Math.min(jobs, seeds),
    }),
  );
  try {
    await Promise.all(
      shares.map(
        (share) =>
          new Promise<void>((resolve, reject) => {
            const worker = new Worker(new URL('./seed-worker.js', import.meta.url), { workerData: share });
            workers.push(worker);
            worker.on('message', take);
            worker.on('error', reject);
            worker.on('exit', () => resolve());
          }),
      ),
    );
  } finally {
    stop();
  }
  tally.failed.sort((a, b) => a.seed - b.seed);
  return tally;
}
