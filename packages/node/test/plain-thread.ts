import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

// It knows nothing of pages. `control` is memory of its own, so that it can be talked to while it stands in a fault.
const program = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { buffer, words, control } = workerData;
  const cells = new Int32Array(buffer, 0, words);
  const operations = {
    load: (at) => Atomics.load(cells, at),
    store: (at, value) => Atomics.store(cells, at, value),
    addOnce: (at) => Atomics.add(cells, at, 1),
    // These go on until they are told to stop, and say how often they did it.
    add: (at) => {
      let times = 0;
      for (; Atomics.load(control, 0) === 0; times++) Atomics.add(cells, at, 1);
      return times;
    },
    count: (at) => {
      let times = 0;
      for (; Atomics.load(control, 0) === 0; times++) cells[at] += 1;
      return times;
    },
    hammer: (at) => {
      let stored = 0;
      while (Atomics.load(control, 0) === 0) {
        stored += 1;
        cells[at] = stored;
        Atomics.store(control, 1, stored);
      }
      return stored;
    },
  };
  parentPort.on('message', ({ operation, at, value }) => parentPort.postMessage(operations[operation](at, value)));
`;

/** A thread of a program that touches the words of a window, so that the test's own thread, which serves its faults, need not. */
export class PlainThread {
  readonly #control = new Int32Array(new SharedArrayBuffer(8));
  readonly #worker: Worker;

  constructor(buffer: SharedArrayBuffer) {
    this.#worker = new Worker(program, { eval: true, workerData: { buffer, words: buffer.byteLength / 4, control: this.#control } });
  }

  load(at: number): Promise<number> {
    return this.#ask('load', at);
  }

  store(at: number, value: number): Promise<number> {
    return this.#ask('store', at, value);
  }

  /** Adds 1 to the word with `Atomics`; the value before. */
  addOnce(at: number): Promise<number> {
    return this.#ask('addOnce', at);
  }

  /** Adds 1 to the word with `Atomics` until `rest`; how often. */
  add(at: number): Promise<number> {
    return this.#ask('add', at);
  }

  /** The same with plain loads and stores. */
  count(at: number): Promise<number> {
    return this.#ask('count', at);
  }

  /** Stores 1, 2, 3 and so on until `rest`; the last of them. */
  hammer(at: number): Promise<number> {
    return this.#ask('hammer', at);
  }

  /** What `hammer` has stored last, or is about to. */
  get hammered(): number {
    return Atomics.load(this.#control, 1);
  }

  rest(): void {
    Atomics.store(this.#control, 0, 1);
  }

  /** The thread must not stand in a fault. */
  async stop(): Promise<void> {
    this.rest();
    await this.#worker.terminate();
  }

  async #ask(operation: string, at: number, value?: number): Promise<number> {
    const answer = once(this.#worker, 'message');
    this.#worker.postMessage({ operation, at, value });
    const [result] = await answer;
    return result;
  }
}
