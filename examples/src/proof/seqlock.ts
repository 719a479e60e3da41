/** Where the three cells lie, in bytes. On pages of their own they show more: that stores to different pages are seen in their order. */
export interface SeqlockPlaces {
  readonly sequence: number;
  readonly left: number;
  readonly right: number;
}

export type Pair = readonly [left: number, right: number];

/**
 * Two int32 that one writer changes together and that readers never see half changed. The sequence is odd while they change; a reader that
 * finds it odd, or different afterwards, has read nothing. The pair is accessed by Atomics, too: a plain load may be moved past the
 * second look at the sequence (H. Boehm, Can seqlocks get along with programming language memory models?, 2012).
 */
export class Seqlock {
  readonly #sequence: Int32Array;
  readonly #left: Int32Array;
  readonly #right: Int32Array;

  constructor(buffer: SharedArrayBuffer, { sequence, left, right }: SeqlockPlaces) {
    this.#sequence = new Int32Array(buffer, sequence, 1);
    this.#left = new Int32Array(buffer, left, 1);
    this.#right = new Int32Array(buffer, right, 1);
  }

  /** By one writer alone. */
  write([left, right]: Pair): void {
    Atomics.add(this.#sequence, 0, 1);
    Atomics.store(this.#left, 0, left);
    Atomics.store(this.#right, 0, right);
    Atomics.add(this.#sequence, 0, 1);
  }

  /** Undefined when a write came between: read again. */
  tryRead(): Pair | undefined {
    const before = Atomics.load(this.#sequence, 0);
    if (before % 2 !== 0) return undefined;
    const pair: Pair = [Atomics.load(this.#left, 0), Atomics.load(this.#right, 0)];
    return Atomics.load(this.#sequence, 0) === before ? pair : undefined;
  }
}
