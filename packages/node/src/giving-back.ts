import { Deferred } from './deferred.js';
import type { PagedRegion } from './paged-region.js';
import type { Pager } from './pager.js';

/** A wait for pages to be given back: of one region, or of all. */
interface Wait {
  readonly region: PagedRegion | undefined;
  readonly done: Deferred<void>;
  /** What the pager had given back, and had left, at the last progress. */
  givenBack: number;
  heldPages: number;
  deadline: number;
}

/** Waits until the pager holds nothing any more, for as long as it gets somewhere. */
export class GivingBack {
  readonly #pager: Pager;
  readonly #patienceMs: number;
  #waits: Wait[] = [];

  /** A wait ends `patienceMs` after the last progress. */
  constructor(pager: Pager, patienceMs: number) {
    this.#pager = pager;
    this.#patienceMs = patienceMs;
  }

  /** Resolves when nothing of `region`, or of all regions, is held, asked for or kept, when it is in use again, or when nothing moves. */
  released(now: number, region?: PagedRegion): Promise<void> {
    if (this.#pager.release(region)) return Promise.resolve();
    const { givenBack, heldPages } = this.#pager;
    const done = new Deferred<void>();
    this.#waits.push({ region, done, givenBack, heldPages, deadline: now + this.#patienceMs });
    return done.promise;
  }

  /** To be called every `tickEveryMs`. */
  tick(now: number): void {
    this.#waits = this.#waits.filter((wait) => {
      const over = wait.region?.inUse === true || this.#pager.release(wait.region) || this.#isStuck(wait, now);
      if (over) wait.done.resolve();
      return !over;
    });
  }

  #isStuck(wait: Wait, now: number): boolean {
    const { givenBack, heldPages } = this.#pager;
    if (givenBack > wait.givenBack || heldPages < wait.heldPages) {
      wait.givenBack = givenBack;
      wait.heldPages = Math.min(heldPages, wait.heldPages);
      wait.deadline = now + this.#patienceMs;
    }
    return now >= wait.deadline;
  }
}
