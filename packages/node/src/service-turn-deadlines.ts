import type { Millis } from '@pagewire/protocol';
import type { Turn } from './service-page-order.js';

interface Entry {
  readonly deadline: Millis;
  readonly expired: () => void;
}

/** Turns that have not come yet, each with the time by which it must. All may wait equally long, so the one added first is due first. */
export class TurnDeadlines {
  readonly #now: () => Millis;
  readonly #waiting = new Map<Turn, Entry>();
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => Millis) {
    this.#now = now;
  }

  /** Calls `expired` at `deadline` unless the turn was deleted by then. */
  add(turn: Turn, deadline: Millis, expired: () => void): void {
    this.#waiting.set(turn, { deadline, expired });
    this.#arm();
  }

  delete(turn: Turn): void {
    this.#waiting.delete(turn);
  }

  clear(): void {
    this.#waiting.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    const [oldest] = this.#waiting.values();
    if (oldest === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, Math.ceil(oldest.deadline - this.#now())));
  }

  #expire(): void {
    this.#timer = undefined;
    const now = this.#now();
    for (const [turn, { deadline, expired }] of this.#waiting) {
      if (deadline > now) break;
      this.#waiting.delete(turn);
      expired();
    }
    this.#arm();
  }
}
