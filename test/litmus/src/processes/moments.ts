import { clockUs } from './orders.js';

/** What tells the time of a batch. */
export interface Clock {
  nowUs(): number;
  /** Resolves at `atUs` or a little later; the caller has looked whether it has passed. */
  until(atUs: number): Promise<void>;
}

/** The clock that all processes of this machine share. */
export function realClock(): Clock {
  const moments = new Moments();
  return { nowUs: clockUs, until: (atUs) => moments.until(atUs) };
}

/** Timers are no finer than this. */
const timerUs = 1500;

/** Waits for moments that are closer together than timers can tell apart, by asking at each turn of the event loop while one is near. */
class Moments {
  #waiting: { readonly atUs: number; readonly resolve: () => void }[] = [];
  #isLooking = false;

  until(atUs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ atUs, resolve });
      if (!this.#isLooking) this.#look();
    });
  }

  #look(): void {
    const now = clockUs();
    const due = this.#waiting.filter(({ atUs }) => atUs <= now);
    this.#waiting = this.#waiting.filter(({ atUs }) => atUs > now);
    for (const { resolve } of due) resolve();
    this.#isLooking = this.#waiting.length > 0;
    if (!this.#isLooking) return;
    const leftUs = Math.min(...this.#waiting.map(({ atUs }) => atUs)) - now;
    // A moment that is asked for while the timer runs is found late by that much: moments of one batch are near each other.
    if (leftUs > timerUs) setTimeout(() => this.#look(), 1);
    else setImmediate(() => this.#look());
  }
}
