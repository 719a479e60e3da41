import { spinUntil } from '../team/back-off.js';

const [FREE, HELD] = [0, 1] as const;

/** A test-and-test-and-set lock on one int32. It looks with a load and tries with compareExchange only when the lock seems free. */
export class SpinLock {
  readonly #cell: Int32Array;

  constructor(buffer: SharedArrayBuffer, offset: number) {
    this.#cell = new Int32Array(buffer, offset, 1);
  }

  /** Runs `work` while nobody else does. */
  hold(work: () => void): void {
    // A load needs a readonly page, which all waiters may have at once; a compareExchange would take the page from the holder.
    spinUntil(
      'the lock is free',
      () => Atomics.load(this.#cell, 0) === FREE && Atomics.compareExchange(this.#cell, 0, FREE, HELD) === FREE,
    );
    try {
      work();
    } finally {
      Atomics.store(this.#cell, 0, FREE);
    }
  }
}
