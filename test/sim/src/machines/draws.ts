/** Where the draws that belong to no step come from: `part` of {@link Draws}. */
export const MIX_PART = -1;
export const FINISH_PART = -2;

/**
 * The random numbers of one part of a seed's plan: they depend on the seed and on the number of the part, and on nothing else, so that a part
 * draws the same whichever others are left out. sfc32 by Chris Doty-Humphrey (PractRand), after Bob Jenkins.
 */
export class Draws {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  constructor(
    readonly seed: number,
    part: number,
  ) {
    this.seek(part);
  }

  /** Goes on with the numbers of another part. */
  seek(part: number): void {
    this.#a = this.seed | 0;
    this.#b = Math.floor(this.seed / 2 ** 32) | 0;
    this.#c = part | 0;
    this.#d = 1;
    for (let i = 0; i < 12; i += 1) this.word();
  }

  /** 32 random bits. */
  word(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** From 0, and less than 1. */
  fraction(): number {
    return this.word() / 2 ** 32;
  }

  /** An integer from 0, and less than `limit`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** An integer from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of the choices, by weight. */
  weighted<T>({ choices, total, last }: Weights<T>): T {
    let at = this.fraction() * total;
    for (const [choice, weight] of choices) {
      at -= weight;
      if (at < 0) return choice;
    }
    return last;
  }

  /**
   * One of `items`. What it picks stays picked when other items come and go, which keeps a run on its track when parts of its plan are left out:
   * highest random weight, after Thaler and Ravishankar (1998).
   */
  pick<T>(items: Iterable<T>, keyOf: (item: T) => number): T | undefined {
    const salt = this.word();
    let best: T | undefined;
    let most = -1;
    for (const item of items) {
      const weight = mixed(salt, keyOf(item));
      if (weight <= most) continue;
      most = weight;
      best = item;
    }
    return best;
  }
}

/** Choices with their weights. */
export interface Weights<T> {
  readonly choices: readonly (readonly [T, number])[];
  readonly total: number;
  /** What is chosen where rounding leaves nothing. */
  readonly last: T;
}

/** What `weights` names, by the weight that it gives. */
export function weightsOf<T extends string>(weights: Readonly<Record<T, number>>): Weights<T> {
  // The keys of a record are those of its type: its callers write it out.
  const choices = Object.entries(weights) as [T, number][];
  const [last] = choices.at(-1) ?? [];
  if (last === undefined) throw new Error('there is nothing to choose from');
  return { choices, total: choices.reduce((sum, [, weight]) => sum + weight, 0), last };
}

/** A hash of two words, as a fraction from 0, and less than 1: Chris Wellons' lowbias32. */
export const mixedFraction = (a: number, b: number): number => mixed(a, b) / 2 ** 32;

function mixed(a: number, b: number): number {
  let x = a ^ Math.imul(b + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
