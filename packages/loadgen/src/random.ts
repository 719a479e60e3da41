const UINT32 = 2 ** 32;

/** One step of splitmix32: spreads a small seed over 32 bits, so that neighbouring seeds give unrelated streams. */
function splitmix32(state: number): number {
  let z = (state + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

/**
 * A seeded stream of random numbers: sfc32, Chris Doty-Humphrey's Small Fast Chaotic generator (PractRand), 128 bits of state with a
 * 32-bit counter, so that no stream is shorter than 2^32. The same seed and stream number give the same numbers on every machine.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed of the run, a uint32 · @param stream which of the run's independent streams this is */
  constructor(seed: number, stream: number) {
    this.#a = splitmix32(seed);
    this.#b = splitmix32(this.#a ^ stream);
    this.#c = splitmix32(this.#b);
    // The first outputs of sfc32 still show the seed; its author discards a dozen.
    for (let i = 0; i < 12; i++) this.uint32();
  }

  /** Uniform over 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform over [0, 1), with 53 random bits: the zipfian tail over 10^10 items needs more than 32. */
  float(): number {
    return ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) / 2 ** 53;
  }

  /** Uniform over 0 to n - 1, for n up to 2^32. The bias of the multiplication is below n / 2^32. */
  below(n: number): number {
    return Math.floor((this.uint32() * n) / UINT32);
  }
}
