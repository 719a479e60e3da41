import { unreachable } from '@pagewire/protocol';
import { fnv1a64, hashBelow } from './fnv.js';
import type { Random } from './random.js';
import { Zipfian } from './zipfian.js';

/** How operations choose their keys. */
export type Distribution = 'zipfian' | 'uniform' | 'latest';
export const distributions: readonly Distribution[] = ['zipfian', 'uniform', 'latest'];

/** Chooses the key of an operation among keys 0 to `count` - 1. `count` may grow from call to call. */
export interface KeyChooser {
  next(random: Random, count: number): number;
}

// YCSB draws the rank among 10^10 items whatever the number of records, so that a table's skew does not depend on its size.
const SCRAMBLED_ITEMS = 10_000_000_000;
const SCRAMBLED_ZETA = 26.46902820178302;

/**
 * YCSB's `ScrambledZipfianGenerator` (Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", SoCC 2010): popular items are spread over
 * the key space by a hash, so that popularity has nothing to do with place. `expected` is the number of keys that the run will end with;
 * a draw of a key that does not exist yet is drawn again, as `CoreWorkload.nextKeynum` does.
 */
class ScrambledZipfian implements KeyChooser {
  readonly #zipfian = new Zipfian({ items: SCRAMBLED_ITEMS, zeta: SCRAMBLED_ZETA });
  readonly #expected: number;

  constructor(expected: number) {
    this.#expected = expected;
  }

  next(random: Random, count: number): number {
    for (;;) {
      const key = hashBelow(fnv1a64(this.#zipfian.next(random)), this.#expected);
      if (key < count) return key;
    }
  }
}

/** YCSB's `SkewedLatestGenerator`: zipfian by age, the newest key the most popular. */
class Latest implements KeyChooser {
  readonly #zipfian: Zipfian;

  constructor(count: number) {
    this.#zipfian = new Zipfian({ items: count });
  }

  next(random: Random, count: number): number {
    this.#zipfian.resize(count);
    return count - 1 - this.#zipfian.next(random);
  }
}

const uniform: KeyChooser = { next: (random, count) => random.below(count) };

/** The chooser for a distribution. `expected` is how many keys the run is likely to end with, at least the `count` that it starts with. */
export function keyChooser(
  distribution: Distribution,
  { count, expected }: { readonly count: number; readonly expected: number },
): KeyChooser {
  switch (distribution) {
    case 'zipfian':
      return new ScrambledZipfian(expected);
    case 'latest':
      return new Latest(count);
    case 'uniform':
      return uniform;
    default:
      return unreachable(distribution);
  }
}
