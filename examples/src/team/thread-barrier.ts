/**
 * A barrier for the threads of one process, on a buffer of its own. It sleeps in `Atomics.wait`, whose queue of sleepers lives in this
 * process: the barrier of a cluster is another one.
 */
export class ThreadBarrier {
  static readonly bytes = 8;
  readonly #cells: Int32Array;

  constructor(
    buffer: SharedArrayBuffer,
    readonly parties: number,
  ) {
    this.#cells = new Int32Array(buffer, 0, 2);
  }

  /** Blocks this thread until all parties have arrived. */
  arrive(): void {
    const round = Atomics.load(this.#cells, ROUND);
    if (Atomics.add(this.#cells, ARRIVED, 1) + 1 === this.parties) {
      // Before the round ends: who leaves it may arrive at the next one at once.
      Atomics.store(this.#cells, ARRIVED, 0);
      Atomics.add(this.#cells, ROUND, 1);
      Atomics.notify(this.#cells, ROUND);
      return;
    }
    while (Atomics.load(this.#cells, ROUND) === round) Atomics.wait(this.#cells, ROUND, round);
  }
}

const ARRIVED = 0;
const ROUND = 1;
