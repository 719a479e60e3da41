import { type NodeCounters, nodeCounterNames } from '@pagewire/protocol';

/** What the pager's thread lets the program's thread see at any moment, without a message. */
export class SharedState {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #counters: Float64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(wordBytes + nodeCounterNames.length * 8)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, wordBytes / 4);
    this.#counters = new Float64Array(buffer, wordBytes);
  }

  /** Changes whenever the node's rights end: what was pinned under another number is not held any more. */
  get life(): number {
    return Atomics.load(this.#words, lifeAt);
  }

  lifeEnded(): void {
    Atomics.add(this.#words, lifeAt, 1);
  }

  /** Windows that a thread could touch. */
  get windows(): number {
    return Atomics.load(this.#words, windowsAt);
  }

  set windows(count: number) {
    Atomics.store(this.#words, windowsAt, count);
  }

  /**
   * Ends `waitForAnswer`. Wakes nobody: V8 has one lock for all `Atomics.wait` and `Atomics.notify` of a process, and a thread that waits on a
   * window may hold it while it waits for a page, which it would never get from a thread that waits for the lock.
   */
  answered(): void {
    Atomics.add(this.#words, answersAt, 1);
  }

  get answers(): number {
    return Atomics.load(this.#words, answersAt);
  }

  /** Blocks this thread until there is an answer more than `seen`; false when `timeoutMs` pass without one. */
  waitForAnswer(seen: number, timeoutMs: number): boolean {
    const end = performance.now() + timeoutMs;
    while (this.answers === seen) {
      if (performance.now() > end) return false;
      Atomics.wait(this.#words, answersAt, seen, lookEveryMs);
    }
    return true;
  }

  get counters(): NodeCounters {
    const entries = nodeCounterNames.map((name, at) => [name, this.#counters[at]]);
    // One entry for each name of a counter.
    return Object.fromEntries(entries) as unknown as NodeCounters;
  }

  set counters(counters: NodeCounters) {
    for (const [at, name] of nodeCounterNames.entries()) this.#counters[at] = counters[name];
  }
}

/** How often a thread that stands still for an answer looks for it. */
const lookEveryMs = 0.2;

const lifeAt = 0;
const windowsAt = 1;
const answersAt = 2;
const wordBytes = 16;
