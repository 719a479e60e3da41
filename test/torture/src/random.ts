/** Random numbers that a seed decides: sfc32 of the PractRand suite (Chris Doty-Humphrey), which has 128 bits of state. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: number) {
    this.#a = 0x9e3779b9;
    this.#b = 0x243f6a88;
    this.#c = seed | 0;
    // The first numbers of near seeds are alike.
    for (let i = 0; i < 12; i += 1) this.uint32();
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** From 0 up to 1, without it. */
  float(): number {
    return this.uint32() / 2 ** 32;
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.float() * count);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(Math.max(0, most - least) + 1);
  }

  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** One of `things`, which has at least one. */
  pick<T>(things: readonly [T, ...T[]] | readonly T[]): T {
    const index = this.below(things.length);
    if (index >= things.length) throw new RangeError('there is nothing to pick from');
    // The index was just held against the length.
    return things[index] as T;
  }

  shuffled<T>(things: readonly T[]): T[] {
    const order = [...things];
    for (let last = order.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      // Both indexes are within the array.
      [order[last], order[other]] = [order[other] as T, order[last] as T];
    }
    return order;
  }
}
