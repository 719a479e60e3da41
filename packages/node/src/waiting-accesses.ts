import { type Millis, type PageId, type RegionId, regionOf } from '@pagewire/protocol';
import type { WaitingAccess } from './access.js';

/**
 * The accesses that wait, by page. An access to several pages waits at each of those that are missing. One that has ended elsewhere stays
 * here until its pages come or its deadline passes, and is passed over.
 */
export class WaitingAccesses {
  readonly #pages = new Map<PageId, WaitingAccess[]>();
  #count = 0;
  /** No access that waits has an earlier deadline. */
  #earliest = Number.POSITIVE_INFINITY;

  /** How many accesses wait, counted once for each page that they wait for. */
  get count(): number {
    return this.#count;
  }

  has(page: PageId): boolean {
    return this.#pages.has(page);
  }

  /** True when nobody waited for the page before, so that it must be asked for. */
  add(page: PageId, access: WaitingAccess): boolean {
    this.#count += 1;
    if (access.deadline < this.#earliest) this.#earliest = access.deadline;
    const waiting = this.#pages.get(page);
    if (waiting !== undefined) {
      waiting.push(access);
      return false;
    }
    this.#pages.set(page, [access]);
    return true;
  }

  /** Those that wait for `page`, which wait no more. */
  take(page: PageId): readonly WaitingAccess[] | undefined {
    const waiting = this.#pages.get(page);
    if (waiting === undefined) return undefined;
    this.#pages.delete(page);
    this.#count -= waiting.length;
    return waiting;
  }

  /** Those that wait for any page of `region`, or of all regions. */
  takeAll(region?: RegionId): Set<WaitingAccess> {
    const taken = new Set<WaitingAccess>();
    for (const page of this.#pages.keys()) {
      if (region !== undefined && regionOf(page) !== region) continue;
      for (const access of this.take(page) ?? []) taken.add(access);
    }
    return taken;
  }

  /** Those whose deadline has passed, each with one page that it waited for. */
  takeExpired(now: Millis): { readonly access: WaitingAccess; readonly page: PageId }[] {
    if (now < this.#earliest) return [];
    const expired = new Map<WaitingAccess, PageId>();
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const [page, waiting] of this.#pages) {
      const patient = waiting.filter((access) => !access.settled && access.deadline > now);
      for (const access of waiting) if (!access.settled && access.deadline <= now) expired.set(access, page);
      for (const access of patient) if (access.deadline < this.#earliest) this.#earliest = access.deadline;
      this.#count -= waiting.length - patient.length;
      if (patient.length === 0) this.#pages.delete(page);
      else if (patient.length < waiting.length) this.#pages.set(page, patient);
    }
    return Array.from(expired, ([access, page]) => ({ access, page }));
  }
}
