import { invariant, type PageId, pageId, type Right } from '@pagewire/protocol';
import type { PagedRegion } from '../paged-region.js';
import type { Pager } from '../pager.js';

/** Calls back after a number of microseconds, one wait at a time: arming it again replaces the wait. */
export interface Alarm {
  arm(microseconds: number): void;
}

export interface ResidenceOptions {
  readonly pager: Pick<Pager, 'pin' | 'unpin' | 'life'>;
  readonly alarm: Alarm;
  /** Milliseconds by a clock that never goes back. */
  now(): number;
  /** How often a thread has been given a processor so far; `undefined` where that is not to be known. */
  turnsOf(threadId: number): number | undefined;
}

/** How long a page that was granted to a plain access stays at least, in microseconds: `first`, doubled up to `longest`. */
export const residenceUs = { first: 200, longest: 25_600 } as const;
/** A page that is faulted on again within this many times its last stay was taken away too early. */
const refaultFactor = 16;
/** Stays that are remembered for the next fault on their pages. */
const maxRemembered = 4096;

interface Waiter {
  readonly threadId: number;
  /** What `turnsOf` said while the thread stood in its fault. */
  readonly turns: number | undefined;
}

interface Stay {
  readonly region: PagedRegion;
  readonly index: number;
  readonly right: Right;
  readonly life: number;
  readonly waiters: readonly Waiter[];
  us: number;
  endsAt: number;
}

/**
 * Keeps a page that was granted to a plain access until the access has been done. The kernel does not tell when that is, so the page stays
 * for a time (Mirage's window: Fleisch, Popek, 1989), and as long again while a thread that waited for it has not run since: its access is
 * still to come. Where the kernel does not tell how long a thread has run, the time grows when the page is faulted on again soon instead.
 * Either way a page that is wanted everywhere cannot pass by a thread for ever, and one that was used goes at once.
 */
export class Residence {
  readonly #options: ResidenceOptions;
  readonly #stays = new Map<PageId, Stay>();
  readonly #remembered = new Map<PageId, { readonly us: number; readonly endedAt: number }>();
  #alarmAt = Number.POSITIVE_INFINITY;

  constructor(options: ResidenceOptions) {
    this.#options = options;
  }

  /** The page has been granted to plain accesses of `threads`, which still stand in their faults. */
  hold(page: { readonly region: PagedRegion; readonly index: number; readonly right: Right }, threads: readonly number[]): void {
    const { region, index, right } = page;
    const { pager, now, turnsOf } = this.#options;
    const waiters: Waiter[] = threads.map((threadId) => ({ threadId, turns: turnsOf(threadId) }));
    const id = pageId(region.id, index);
    pager.pin(region, index, right);
    // An upgrade: the new stay holds the page, also for threads of the readonly one whose accesses are still to come.
    const before = this.#stays.get(id);
    if (before !== undefined) {
      waiters.push(...before.waiters);
      this.#let(before);
    }
    const us = this.#firstStay(id);
    const stay = { region, index, right, life: pager.life, waiters, us, endsAt: now() + us / 1000 };
    this.#stays.set(id, stay);
    this.#armFor(stay.endsAt);
  }

  /** To be called when the alarm goes off. */
  expire(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    const now = this.#options.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [id, stay] of this.#stays) {
      if (stay.endsAt <= now) this.#end(id, stay, now);
      if (this.#stays.get(id) === stay) next = Math.min(next, stay.endsAt);
    }
    if (next < Number.POSITIVE_INFINITY) this.#armFor(next);
  }

  #end(id: PageId, stay: Stay, now: number): void {
    const ran = this.#haveRun(stay);
    if (ran === false && stay.us < residenceUs.longest) {
      stay.us *= 2;
      stay.endsAt = now + stay.us / 1000;
      return;
    }
    this.#stays.delete(id);
    if (ran === undefined) this.#remember(id, stay.us, now);
    this.#let(stay);
  }

  /** Whether all who waited have run since; `undefined` when that is not to be known. */
  #haveRun({ waiters }: Stay): boolean | undefined {
    let known: boolean | undefined = true;
    for (const { threadId, turns } of waiters) {
      const now = turns === undefined ? undefined : this.#options.turnsOf(threadId);
      if (turns !== undefined && now !== undefined && now <= turns) return false;
      if (now === undefined) known = undefined;
    }
    return known;
  }

  #let({ region, index, right, life }: Stay): void {
    this.#options.pager.unpin({ region, first: index, count: 1, right, life });
  }

  #firstStay(id: PageId): number {
    const last = this.#remembered.get(id);
    if (last === undefined) return residenceUs.first;
    this.#remembered.delete(id);
    const again = this.#options.now() - last.endedAt < (last.us / 1000) * refaultFactor;
    return again ? Math.min(last.us * 2, residenceUs.longest) : residenceUs.first;
  }

  #remember(id: PageId, us: number, endedAt: number): void {
    if (this.#remembered.size >= maxRemembered) {
      const oldest = this.#remembered.keys().next();
      invariant(!oldest.done, 'a full map has a first key');
      this.#remembered.delete(oldest.value);
    }
    this.#remembered.set(id, { us, endedAt });
  }

  #armFor(at: number): void {
    if (at >= this.#alarmAt) return;
    this.#alarmAt = at;
    this.#options.alarm.arm(Math.max(1, Math.ceil((at - this.#options.now()) * 1000)));
  }
}
