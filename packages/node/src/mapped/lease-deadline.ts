import type { KillTimer } from '@pagewire/userfaultfd';
import type { LeaseEnd } from '../lease.js';

/**
 * Ends the process at the end of its lease when the node could not: the process is stopped, or the thread that would fence it cannot run.
 * Threads that use memory do not ask whether the lease holds, so this is the kernel's to do. It comes half a margin after the node's own
 * deadline and half a margin before others stop waiting.
 */
export class LeaseDeadline {
  readonly #timer: Pick<KillTimer, 'arm' | 'disarm' | 'close'>;
  readonly #now: () => number;
  #killAt: number | undefined;
  #isWatched = false;

  constructor(timer: Pick<KillTimer, 'arm' | 'disarm' | 'close'>, now: () => number = () => performance.now()) {
    this.#timer = timer;
    this.#now = now;
  }

  move(lease: LeaseEnd | undefined): void {
    this.#killAt = lease === undefined ? undefined : this.#now() + lease.inMs + lease.marginMs / 2;
    this.#set();
  }

  /** Whether there is memory that threads could use. */
  watch(isWatched: boolean): void {
    if (this.#isWatched === isWatched) return;
    this.#isWatched = isWatched;
    this.#set();
  }

  close(): void {
    this.#timer.close();
  }

  #set(): void {
    if (this.#isWatched && this.#killAt !== undefined) this.#timer.arm(Math.max(0, this.#killAt - this.#now()));
    else this.#timer.disarm();
  }
}
