import type { Failure } from '../layer.js';

/** What travels and what is late may hold a wake-up up by this much, in virtual milliseconds, when nothing is broken. */
const slackMs = 3000;

/**
 * Stores that were announced, by address: whoever waits there for a value that an announced store has replaced must have been woken. Values are
 * never written twice, so that the old value cannot come back.
 */
export class WakeUpGhosts {
  readonly #announcements = new Map<number, { readonly beganAt: number; readonly endedAt: number }>();
  readonly #broken: (failure: Failure) => void;

  constructor(broken: (failure: Failure) => void) {
    this.#broken = broken;
  }

  /** A store to the address was begun, and that and the notify after it have ended well. */
  announced(address: number, times: { readonly beganAt: number; readonly endedAt: number }): void {
    this.#announcements.set(address, times);
  }

  /** A wait that began at `since`, for the value that was there then, has timed out at `now`. */
  timedOut(who: string, address: number, { since, now }: { readonly since: number; readonly now: number }): void {
    const announced = this.#announcements.get(address);
    // A store that was begun before may have been what the waiter saw.
    if (announced === undefined || announced.beganAt <= since || announced.endedAt > now - slackMs) return;
    const at = announced.endedAt;
    this.#broken({
      kind: 'lost wake-up',
      what: `${who} has waited at ${address} from ${since.toFixed(3)} to ${now.toFixed(3)}, and slept through the notify of ${at.toFixed(3)}`,
    });
  }
}
