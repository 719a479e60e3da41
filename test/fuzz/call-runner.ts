import { type ApiCall, checkError } from './api-calls.js';

/** How long a call is waited for before the next is made: what waits for a lock or a barrier goes on meanwhile. */
const patienceMs = 40;

/** Makes calls, judges how each ends, and gives back whatever they gained. */
export class CallRunner {
  readonly #pending = new Map<Promise<void>, ApiCall>();
  readonly #gained: unknown[] = [];
  #wrong: unknown;

  /** Waits for the end of `outcome`, but not for long. */
  async judge(call: ApiCall, outcome: Promise<unknown>): Promise<void> {
    const judged: Promise<void> = outcome.then(
      (value) => void this.#gained.push(value),
      (error) => {
        try {
          checkError(call, error);
        } catch (wrong) {
          this.#wrong ??= wrong;
        }
      },
    );
    this.#pending.set(judged, call);
    void judged.then(() => this.#pending.delete(judged));
    await Promise.race([judged, new Promise((resolve) => setTimeout(resolve, patienceMs).unref())]);
    this.check();
  }

  /** Throws what was wrong with a call that has ended since. */
  check(): void {
    if (this.#wrong !== undefined) throw this.#wrong;
  }

  /** What calls have gained since the last time. */
  takeGained(): unknown[] {
    return this.#gained.splice(0);
  }

  /** Waits until every call has ended; throws if one has not within `ms`. To be called when what they waited for is closed. */
  async allEnded(ms: number): Promise<void> {
    const late = new Promise<'late'>((resolve) => setTimeout(resolve, ms, 'late').unref());
    const ended = await Promise.race([Promise.all(this.#pending.keys()), late]);
    this.check();
    if (ended === 'late') throw new Error(`calls that hang: ${[...this.#pending.values()].map(({ name }) => name).join(', ')}`);
  }
}
