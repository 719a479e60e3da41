import type { PagewireError } from '@pagewire/protocol';
import { Deferred } from './deferred.js';

interface Wait {
  readonly upTo: number;
  readonly outcome: Deferred<void>;
}

/** Answers that wait until the exclusive grants they depend on are confirmed. Grants are numbered in order, so this is a queue. */
export class Confirmations {
  #waits: Wait[] = [];

  /** Resolves when grant number `upTo` and all before it are confirmed. `upTo` never decreases from call to call. */
  wait(upTo: number): Promise<void> {
    const last = this.#waits.at(-1);
    if (last?.upTo === upTo) return last.outcome.promise;
    const outcome = new Deferred<void>();
    // An answer whose asker has gone away is not waited for; its failure is nobody's.
    outcome.promise.catch(() => {});
    this.#waits.push({ upTo, outcome });
    return outcome.promise;
  }

  confirmed(upTo: number): void {
    let count = 0;
    for (const { upTo: awaited, outcome } of this.#waits) {
      if (awaited > upTo) break;
      outcome.resolve();
      count += 1;
    }
    if (count > 0) this.#waits = this.#waits.slice(count);
  }

  /** They will never be confirmed. */
  fail(error: PagewireError): void {
    const waits = this.#waits;
    this.#waits = [];
    for (const { outcome } of waits) outcome.reject(error);
  }
}
