import {
  type AgentInput,
  type ErrorCode,
  limits,
  type Millis,
  type PageId,
  PagewireError,
  pageId,
  pageIndex,
  type Right,
  regionOf,
} from '@pagewire/protocol';
import type { WaitingAccess } from './access.js';
import { explainFailure } from './failure.js';
import type { Frames } from './frames.js';
import type { PagedRegion } from './paged-region.js';
import type { Ended } from './pager-ports.js';
import type { PageRun } from './prefetch.js';
import { RequestWindow } from './request-window.js';
import { WaitingAccesses } from './waiting-accesses.js';

/** How an access waits, beside its right and its deadline. */
export interface WaitOptions {
  /** Pages that nobody needs yet but somebody will: asked for only where the window has room to spare. */
  readonly ahead?: PageRun | undefined;
  /** The access holds pages while it waits, so it must not wait for a turn; see {@link RequestWindow.want}. */
  readonly urgent?: boolean;
}

/** The accesses that wait for pages, and the requests that are, or will be, made for them. */
export class Faults {
  readonly counters = { readFaults: 0, writeFaults: 0, prefetched: 0 };
  readonly #frames: Frames;
  readonly #waiting = new WaitingAccesses();
  readonly #window: RequestWindow;

  constructor(frames: Frames, windowBytes: number) {
    this.#frames = frames;
    this.#window = new RequestWindow(windowBytes);
  }

  /** Throws `overloaded` unless an access to `pages` pages may wait. */
  makeRoom(pages: number): void {
    const waiting = Math.max(this.#waiting.count, this.#window.queued);
    if (waiting + pages <= limits.maxWaitingAccesses) return;
    throw new PagewireError(
      'overloaded',
      `${waiting} accesses wait for pages on this node, and ${limits.maxWaitingAccesses} may; wait for some to end before starting more`,
    );
  }

  /** Parks `access` until `pages` may be used, each page on its own; those that nobody waits for yet are to be asked for. */
  wait(access: WaitingAccess, region: PagedRegion, pages: readonly number[], options: WaitOptions = {}): void {
    const { right, deadline } = access;
    const bytes = region.memory.pageBytes;
    let faults = 0;
    for (const index of pages) {
      const page = pageId(region.id, index);
      const isFirst = this.#waiting.add(page, access);
      if (isFirst) faults += 1;
      // What is still to be asked for is asked for with the right and the time that the most demanding needs.
      if (isFirst || options.urgent === true || !this.#window.isAsked(page)) {
        this.#window.want({ page, bytes, right, deadline }, options.urgent);
      }
    }
    if (right === 'readonly') this.counters.readFaults += faults;
    else this.counters.writeFaults += faults;
    if (options.ahead !== undefined) this.#wantAhead(access, region, options.ahead);
  }

  /** The pages of `run` that may not be used yet are to be asked for, in order, for an access that will wait for them one by one. */
  want(access: WaitingAccess, region: PagedRegion, run: PageRun): void {
    for (const page of this.#missing(access, region, run)) this.#want(access, region, page);
  }

  /** What the agent is to be told next. */
  next(now: Millis): AgentInput | undefined {
    const ask = this.#window.next(now);
    return ask === undefined ? undefined : { kind: 'fault', ...ask };
  }

  /** The page may be used with `right`: the accesses that can do with it are done now. Answers those that need more. */
  permitted(page: PageId, right: Right, request: { readonly goesOn: boolean }): readonly WaitingAccess[] {
    if (!request.goesOn) this.#window.ended(page);
    const unsatisfied: WaitingAccess[] = [];
    for (const access of this.#waiting.take(page) ?? []) {
      // The grant is for these accesses: each is done before the agent hears of anything that could take the page away.
      if (access.settled) continue;
      if (access.right === 'exclusive' && right === 'readonly') unsatisfied.push(access);
      else access.run(pageIndex(page));
    }
    return unsatisfied;
  }

  /** The page is not to be had. Answers the accesses that have time left to ask again. */
  refused(page: PageId, code: ErrorCode, now: Millis, request: { readonly goesOn: boolean }): readonly WaitingAccess[] {
    if (!request.goesOn) this.#window.ended(page);
    const patient: WaitingAccess[] = [];
    for (const access of this.#waiting.take(page) ?? []) {
      // The page's request carried the deadline of the access that was first; others may have longer.
      if (code === 'timeout' && access.deadline > now) patient.push(access);
      else access.fail(this.#failure(code, page));
    }
    return patient;
  }

  again(page: PageId, accesses: readonly WaitingAccess[]): void {
    const bytes = this.#frames.regionOf(page)?.memory.pageBytes ?? 0;
    for (const access of accesses) {
      this.#waiting.add(page, access);
      this.#window.want({ page, bytes, right: access.right, deadline: access.deadline });
    }
  }

  /** Fails what is past its deadline. */
  expire(now: Millis): void {
    this.#window.expire(now);
    for (const { access, page } of this.#waiting.takeExpired(now)) access.fail(this.#failure('timeout', page));
  }

  /** Ends the accesses that wait for pages of `region`, or of all regions. Requests under way go on. */
  fail(region: PagedRegion | undefined, { code, message }: Ended): void {
    this.#window.dropQueued(region?.id);
    for (const access of this.#waiting.takeAll(region?.id)) access.fail(new PagewireError(code, message));
  }

  /** The life has ended, and with it every request. */
  end(ended: Ended): void {
    this.#window.clear();
    this.fail(undefined, ended);
  }

  #wantAhead(access: WaitingAccess, region: PagedRegion, ahead: PageRun): void {
    for (const page of this.#missing(access, region, ahead)) {
      if (!this.#window.fits(region.memory.pageBytes)) return;
      this.#want(access, region, page);
    }
  }

  #want({ right, deadline }: WaitingAccess, region: PagedRegion, page: PageId): void {
    this.#window.want({ page, bytes: region.memory.pageBytes, right, deadline });
    this.counters.prefetched += 1;
  }

  *#missing({ right }: WaitingAccess, region: PagedRegion, run: PageRun): Generator<PageId> {
    const end = Math.min(run.first + run.count, region.memory.pageCount);
    for (let index = run.first; index < end; index++) {
      const page = pageId(region.id, index);
      if (!region.permits(index, right) && !this.#window.has(page)) yield page;
    }
  }

  #failure(code: ErrorCode, page: PageId): PagewireError {
    return explainFailure(code, { index: pageIndex(page), region: this.#frames.regionOf(page)?.record.name ?? `number ${regionOf(page)}` });
  }
}
