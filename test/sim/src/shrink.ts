import type { Failure, Layer } from './layer.js';

/** What a failing seed was reduced to. */
export interface Shrunk {
  readonly failure: Failure;
  /** Parts of the plan that are needed for it. */
  readonly kept: readonly number[];
  readonly parts: number;
  /** How many runs it took. */
  readonly plays: number;
}

/**
 * Leaves out parts of a failing seed's plan as long as it fails in the same way, in ever smaller pieces: delta debugging (Zeller and
 * Hildebrandt, "Simplifying and isolating failure-inducing input", 2002). Ends after `most` runs with what it has.
 */
export async function shrink(layer: Layer, seed: number, failure: Failure, most = 400): Promise<Shrunk> {
  const parts = layer.parts(seed);
  let kept = Array.from({ length: parts }, (_, part) => part);
  let found = failure;
  let plays = 0;
  const failsWith = async (some: readonly number[]): Promise<boolean> => {
    plays += 1;
    const outcome = await layer.play(seed, { without: complement(some, parts) });
    if (outcome.failure?.kind !== failure.kind) return false;
    found = outcome.failure;
    return true;
  };
  for (let pieces = 2; kept.length > 0 && plays < most; ) {
    const length = Math.ceil(kept.length / pieces);
    let smaller: number[] | undefined;
    for (let from = 0; from < kept.length && plays < most && smaller === undefined; from += length) {
      const without = [...kept.slice(0, from), ...kept.slice(from + length)];
      if (await failsWith(without)) smaller = without;
    }
    if (smaller !== undefined) {
      kept = smaller;
      pieces = Math.max(2, pieces - 1);
    } else if (length === 1) {
      break;
    } else {
      pieces = Math.min(kept.length, pieces * 2);
    }
  }
  return { failure: found, kept, parts, plays };
}

/** The parts that are not among `some`. */
export function complement(some: readonly number[], parts: number): ReadonlySet<number> {
  const kept = new Set(some);
  return new Set(Array.from({ length: parts }, (_, part) => part).filter((part) => !kept.has(part)));
}
