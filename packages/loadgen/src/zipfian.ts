import type { Random } from './random.js';

/** The skew that YCSB uses. */
export const zipfianTheta = 0.99;

/** The sum of 1 / i^theta for i from `from` + 1 to `to`: what must be added to zeta(`from`) to make zeta(`to`). */
export function zetaBetween(from: number, to: number, theta: number): number {
  let sum = 0;
  for (let i = from + 1; i <= to; i++) sum += 1 / i ** theta;
  return sum;
}

/** How to start a {@link Zipfian}. `zeta` spares the sum over a large number of items when it is known. */
export interface ZipfianOptions {
  readonly items: number;
  readonly theta?: number;
  readonly zeta?: number;
}

/**
 * Draws item i of `items` with probability proportional to 1 / (i + 1)^theta in constant time.
 * Source: Gray, Sundaresan, Englert, Baclawski, Weinberger, "Quickly Generating Billion-Record Synthetic Databases", SIGMOD 1994, as
 * YCSB's `ZipfianGenerator` uses it. The first two items are exact, the others follow the paper's closed approximation.
 */
export class Zipfian {
  readonly #theta: number;
  readonly #alpha: number;
  #items: number;
  #zeta: number;
  #eta = 0;

  constructor({ items, theta = zipfianTheta, zeta }: ZipfianOptions) {
    this.#theta = theta;
    this.#alpha = 1 / (1 - theta);
    this.#items = items;
    this.#zeta = zeta ?? zetaBetween(0, items, theta);
    this.#prepare();
  }

  /** Sets how many items there are. Growth costs only the new terms of zeta, so that one insert costs one term. */
  resize(items: number): void {
    if (items === this.#items) return;
    this.#zeta = items > this.#items ? this.#zeta + zetaBetween(this.#items, items, this.#theta) : zetaBetween(0, items, this.#theta);
    this.#items = items;
    this.#prepare();
  }

  /** An item from 0 (the most popular) to `items` - 1. */
  next(random: Random): number {
    const u = random.float();
    const uz = u * this.#zeta;
    if (uz < 1) return 0;
    if (uz < 1 + 0.5 ** this.#theta) return Math.min(1, this.#items - 1);
    const item = Math.floor(this.#items * (this.#eta * u - this.#eta + 1) ** this.#alpha);
    return Math.min(item, this.#items - 1);
  }

  #prepare(): void {
    const zetaOfTwo = 1 + 0.5 ** this.#theta;
    this.#eta = (1 - (2 / this.#items) ** (1 - this.#theta)) / (1 - zetaOfTwo / this.#zeta);
  }
}
