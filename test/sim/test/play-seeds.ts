import type { Layer, Outcome } from '../src/layer.js';

/** Plays seeds until one fails, and adds up what happened. */
export async function playSeeds(
  layer: Layer,
  first: number,
  count: number,
): Promise<{ readonly counts: Readonly<Record<string, number>>; readonly failed: Outcome | undefined }> {
  const counts: Record<string, number> = {};
  for (let seed = first; seed < first + count; seed += 1) {
    const outcome = await layer.play(seed);
    for (const [what, number] of Object.entries(outcome.counts)) counts[what] = (counts[what] ?? 0) + number;
    if (outcome.failure !== undefined) return { counts, failed: outcome };
  }
  return { counts, failed: undefined };
}

/** What a failed seed is reported with: the end of its story. */
export async function failureText(layer: Layer, { seed, failure }: Outcome): Promise<string> {
  const { trace } = await layer.play(seed, { trace: true });
  return [`${layer.name}, seed ${seed}: ${failure?.what}`, ...trace.slice(-120)].join('\n');
}
