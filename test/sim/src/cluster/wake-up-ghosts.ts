import type { Failure } from '../layer.js';

/** What travels and what is late may hold a wake-up up by this much, in virtual milliseconds, when nothing is broken. */
const slackMs = 3000;

/**
 * Stores that were announced, by address: whoever waits there for a value that an announced store has replaced must have been woken. Values are
 * never written twice, so that the old value cannot come back.
 */
export class WakeUpGhosts {
  readonly #announcedAt = new Map<number, number>();
  readonly #broken: (failure: Failure) => void;

  constructor(broken: (failure: Failure) => void) {
    this.#broken = broken;
  }

  /** A store to the address, and after it a notify of all who wait there, have ended well. */
  announced(address: number, now: number): void {
    this.#announcedAt.set(address, now);
  }

  /** A wait that began at `since`, when it had seen a value, has timed out at `now`. */
  timedOut(who: string, address: number, { since, now }: { readonly since: number; readonly now: number }): void {
    const at = this.#announcedAt.get(address);
    if (at === undefined || at < since || at > now - slackMs) return;
    this.#broken({
      kind: 'lost wake-up',
      what: `${who} has waited at ${address} from ${since.toFixed(3)} to ${now.toFixed(3)}, and slept through the notify of ${at.toFixed(3)}`,
    });
  }
}
