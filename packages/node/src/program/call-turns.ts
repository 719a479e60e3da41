import type { Call } from './calls.js';

/** How long calls are served before whatever else the thread has to do has its turn: links, timers, the lease. */
const turnMs = 5;

/** Serves calls in order, for so long in each turn of the event loop: a burst of them must not keep a node from renewing its lease. */
export class CallTurns {
  readonly #serve: (call: Call) => void;
  #waiting: Call[] = [];
  /** The first of those that wait. */
  #next = 0;
  #turnEndsAt: number | undefined;

  constructor(serve: (call: Call) => void) {
    this.#serve = serve;
  }

  add(call: Call): void {
    if (this.#waiting.length === 0 && performance.now() < this.#turn()) this.#serve(call);
    else this.#waiting.push(call);
  }

  /** When this turn of the loop has served calls for long enough. */
  #turn(): number {
    if (this.#turnEndsAt !== undefined) return this.#turnEndsAt;
    const endsAt = performance.now() + turnMs;
    this.#turnEndsAt = endsAt;
    setImmediate(() => this.#goOn());
    return endsAt;
  }

  #goOn(): void {
    this.#turnEndsAt = undefined;
    if (this.#waiting.length === 0) return;
    const endsAt = this.#turn();
    for (let call = this.#waiting[this.#next]; call !== undefined; call = this.#waiting[this.#next]) {
      this.#next += 1;
      this.#serve(call);
      if (performance.now() >= endsAt) return;
    }
    this.#waiting = [];
    this.#next = 0;
  }
}
