import { EventQueue, type Scheduled } from './event-queue.js';

/**
 * The clock and the order of everything that happens in a simulation. Between two events every promise that the first one settled has run,
 * as between two turns of a real event loop.
 */
export class VirtualTime {
  readonly #queue = new EventQueue();
  #now = 0;
  #order = 0;
  #events = 0;
  #stopped = false;

  /** Milliseconds since the start of the simulation. */
  get now(): number {
    return this.#now;
  }

  /** Events that have happened. */
  get events(): number {
    return this.#events;
  }

  /** Calls `run` at `at`, or now where that has passed. */
  at(at: number, run: () => void): Scheduled {
    const event: Scheduled = { at: Math.max(at, this.#now), order: this.#order, cancelled: false, run };
    this.#order += 1;
    this.#queue.push(event);
    return event;
  }

  /** Puts an event off that was taken out of turn; among its like it keeps its place. */
  again(event: Scheduled, at: number): void {
    event.at = Math.max(at, this.#now);
    this.#queue.push(event);
  }

  /** Nothing more happens. */
  stop(): void {
    this.#stopped = true;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Lets time pass until `until`, or until `done` or `stop`. */
  async run(until: number, done: () => boolean = () => false): Promise<void> {
    for (;;) {
      if (this.#stopped || done()) return;
      const event = this.#queue.pop();
      if (event === undefined) break;
      if (event.at > until) {
        this.#queue.push(event);
        break;
      }
      if (event.cancelled) continue;
      this.#now = event.at;
      this.#events += 1;
      event.run();
      await promisesRun();
    }
    this.#now = Math.max(this.#now, until);
  }
}

/** Resolves when every promise that is settled, and every one that those settle, has run. */
const promisesRun = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
