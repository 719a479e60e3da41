import { type Millis, millis, PagewireError, type Right } from '@pagewire/protocol';
import type { WaitingAccess } from '../access.js';
import type { PagedRegion } from '../paged-region.js';
import type { Pager } from '../pager.js';
import type { Residence } from './residence.js';

export interface PlainFaultOptions {
  readonly pager: Pager;
  readonly region: PagedRegion;
  readonly residence: Residence;
  /** How long a thread may wait. */
  readonly timeoutMs: number;
  /** A thread waits for what it cannot have: a load or a store cannot fail, so the process has to end. */
  unservable(error: PagewireError): void;
}

/** Makes accesses of the plain loads and stores of one region that the kernel has stopped. */
export class PlainFaults {
  readonly #options: PlainFaultOptions;
  /** By page, the access that asks for the most. */
  readonly #waiting = new Map<number, PlainAccess>();

  constructor(options: PlainFaultOptions) {
    this.#options = options;
  }

  fault(index: number, right: Right, threadId: number): void {
    const waits = this.#waiting.get(index);
    if (waits !== undefined && (waits.right === 'exclusive' || waits.right === right)) waits.threads.push(threadId);
    else this.#wait(index, right, threadId);
  }

  #wait(index: number, right: Right, threadId: number): void {
    const { pager, region, timeoutMs, unservable } = this.#options;
    try {
      if (region.gone !== undefined) throw new PagewireError(region.gone.code, region.gone.message);
      const deadline = millis(pager.admit() + timeoutMs);
      const access = new PlainAccess({ right, deadline, threadId }, (error) => this.#ended(index, access, error));
      this.#waiting.set(index, access);
      const ahead = right === 'readonly' ? region.scans.fault(index) : undefined;
      pager.wait(access, region, [index], { ahead });
    } catch (error) {
      if (!(error instanceof PagewireError)) throw error;
      unservable(error);
    }
  }

  #ended(index: number, access: PlainAccess, error: PagewireError | undefined): void {
    const { region, residence, unservable } = this.#options;
    if (this.#waiting.get(index) === access) this.#waiting.delete(index);
    if (error === undefined) residence.hold({ region, index, right: access.right }, access.threads);
    else unservable(error);
  }
}

/** Threads that wait for one page. Mapping the page wakes them all, so there is nothing to do but to see that it stays. */
class PlainAccess implements WaitingAccess {
  readonly right: Right;
  readonly deadline: Millis;
  readonly threads: number[];
  readonly #ended: (error?: PagewireError) => void;
  #settled = false;

  constructor(
    fault: { readonly right: Right; readonly deadline: Millis; readonly threadId: number },
    ended: (error?: PagewireError) => void,
  ) {
    this.right = fault.right;
    this.deadline = fault.deadline;
    this.threads = [fault.threadId];
    this.#ended = ended;
  }

  get settled(): boolean {
    return this.#settled;
  }

  run(): void {
    this.#settled = true;
    this.#ended();
  }

  fail(error: PagewireError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#ended(error);
  }
}
