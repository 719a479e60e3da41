import type { LoadClock } from '../src/index.js';
import type { Stop } from '../src/stop.js';

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** Time that stands still while anything runs, and jumps to the next sleeper when nothing does. */
export class VirtualClock implements LoadClock {
  #nowMs = 0;
  #sleepers: Sleeper[] = [];
  #armed = false;

  now(): number {
    return this.#nowMs;
  }

  sleep(ms: number, wake?: Stop): Promise<void> {
    return this.sleepUntil(this.#nowMs + ms, wake);
  }

  sleepUntil(atMs: number, wake?: Stop): Promise<void> {
    if (atMs <= this.#nowMs) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { atMs, wake: resolve };
      this.#sleepers.push(sleeper);
      this.#arm();
      wake?.onRequest(() => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      });
    });
  }

  // Promise callbacks all run before an immediate does, so by then whatever could go on without time has done so.
  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    setImmediate(() => {
      this.#armed = false;
      this.#advance();
    });
  }

  #advance(): void {
    if (this.#sleepers.length === 0) return;
    this.#nowMs = Math.max(this.#nowMs, Math.min(...this.#sleepers.map(({ atMs }) => atMs)));
    const due = this.#sleepers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#sleepers = this.#sleepers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { wake } of due) wake();
    this.#arm();
  }
}
