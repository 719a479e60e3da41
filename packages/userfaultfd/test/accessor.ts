import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A thread that touches shared memory, so that the thread that serves its faults need not. One operation at a time. */
export class Accessor {
  readonly #worker: Worker;

  constructor(buffer: SharedArrayBuffer) {
    const workerData = { buffer, words: buffer.byteLength / 4 };
    this.#worker = new Worker(new URL('./programs/accessor.mjs', import.meta.url), { workerData });
  }

  load(index: number): Promise<number> {
    return this.#ask({ operation: 'load', index });
  }

  store(index: number, value: number): Promise<number> {
    return this.#ask({ operation: 'store', index, value });
  }

  /** The value before. */
  add(index: number, value: number): Promise<number> {
    return this.#ask({ operation: 'add', index, value });
  }

  /** The thread must not be stuck in a fault: close the userfaultfd first. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  async #ask(message: object): Promise<number> {
    const answer = once(this.#worker, 'message');
    this.#worker.postMessage(message);
    const [value] = await answer;
    return value;
  }
}
