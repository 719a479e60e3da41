import { unreachable } from '../errors.js';
import { type Incarnation, type Millis, type PageId, type RegionId, regionOf, version } from '../ids.js';
import { limits } from '../limits.js';
import type { AcquireItem, CoherenceMessage, DowngradedItem, ReleaseItem, ReportItem, RequestItem } from '../messages.js';
import { type Entry, type HomeStateKind, without } from './entry.js';
import { HomeCore, HomeOutput, type HomeStatus } from './home-core.js';
import type { HomeEffect, HomeInput, PageStanding } from './home-io.js';
import { memberLost, reported } from './repair.js';
import { acquired, afterLoss, becomeIdle, begin, downgraded, enqueue, isBusy, refuse, release } from './transactions.js';

/** Limits of a home that its owner may change. */
export interface HomeOptions {
  /** How long an acquire may wait for its turn before it is refused with `timeout`. */
  readonly queueTimeoutMs?: number;
  /** How many requests may wait for one page; more are refused with `overloaded`. */
  readonly maxQueuedPerPage?: number;
}

/**
 * The directory: for every page of every region, who holds it and at which version. It serves one request for a page at a time, in order
 * of arrival, and the next when the requester says `acquired`. Pure, like the agent.
 */
export class Home {
  readonly #core = new HomeCore();
  readonly #queueTimeoutMs: number;
  readonly #maxQueuedPerPage: number;

  constructor(options: HomeOptions = {}) {
    this.#queueTimeoutMs = options.queueTimeoutMs ?? limits.queueTimeoutMs;
    this.#maxQueuedPerPage = options.maxQueuedPerPage ?? limits.maxQueuedPerPage;
  }

  /** The one door. Effects are to be performed in order, all of them, before the next input. */
  step(now: Millis, input: HomeInput): HomeEffect[] {
    const out = new HomeOutput();
    const core = this.#core;
    switch (input.kind) {
      case 'message':
        this.#message(now, input.from, input.message, out);
        break;
      case 'member-joined':
        core.members.add(input.member);
        break;
      case 'member-lost':
        this.#memberLost(input.member, out);
        break;
      case 'region-created':
        core.regions.set(input.region, { pageCount: input.pageCount, pageBytes: input.pageBytes });
        break;
      case 'region-deleted':
        this.#deleteRegion(input.region);
        break;
      case 'trim':
        for (const page of input.pages) this.#trim(page, out);
        break;
      case 'tick':
        this.#refuseOld(now, out);
        break;
      default:
        unreachable(input);
    }
    return out.finish();
  }

  /** Pages by state, and the page bytes held here. */
  status(): HomeStatus {
    return { pages: { ...this.#core.counts }, storedBytes: this.#core.storedBytes };
  }

  /** The state of one page, for tests, checkers and status. */
  stateOf(page: PageId): HomeStateKind {
    return this.#core.entries.get(page)?.state.kind ?? 'unheld';
  }

  /** Shared pages whose bytes are stored here and with a sharer too: candidates for `trim`. */
  *trimmable(): IterableIterator<PageId> {
    for (const { page, state, bytes } of this.#core.entries.values()) {
      if (state.kind === 'shared' && bytes instanceof Uint8Array) yield page;
    }
  }

  /** Who may hold the page, for checkers of I1 and I7: everyone outside this list holds nothing. */
  holdersOf(page: PageId): readonly Incarnation[] {
    const state = this.#core.entries.get(page)?.state;
    switch (state?.kind) {
      case 'shared':
        return state.sharers;
      case 'exclusive':
        return [state.owner];
      case 'busy': {
        const { sharers, owner, requester } = state.transaction;
        return [...sharers, ...(owner === undefined ? [] : [owner]), requester];
      }
      default:
        return [];
    }
  }

  /** Which version of the page is committed, if it exists. */
  standingOf(page: PageId): PageStanding {
    if (!this.#core.exists(page)) return { kind: 'absent', code: this.#absence(page) };
    const entry = this.#core.entries.get(page);
    if (entry === undefined) return { kind: 'current', version: version(0), newer: false };
    const { state, floor } = entry;
    if (state.kind === 'lost') return { kind: 'lost' };
    return { kind: 'current', version: floor, newer: state.kind === 'busy' && state.transaction.right === 'exclusive' };
  }

  #message(now: Millis, from: Incarnation, message: CoherenceMessage, out: HomeOutput): void {
    // I5: what a node sent in a life that has ended has no effect.
    if (!this.#core.members.has(from)) return out.ignored(message.kind, 'its sender is not a member');
    switch (message.kind) {
      case 'acquire':
        for (const item of message.items) this.#acquire(now, from, item, out);
        return;
      case 'acquired':
        for (const item of message.items) this.#acquired(from, item, out);
        return;
      case 'downgraded':
        for (const item of message.items) this.#downgraded(from, item, out);
        return;
      case 'release':
        for (const item of message.items) this.#release(from, item, out);
        return;
      case 'report':
        for (const item of message.items) this.#report(from, item, out);
        return;
      case 'grant':
      case 'supply':
      case 'downgrade':
      case 'transfer':
      case 'invalidate':
      case 'page':
      case 'invalidated':
      case 'settled':
      case 'released':
      case 'refused':
      case 'query':
      case 'node-lost':
        out.tell({ kind: 'violation', from, what: `${message.kind} is not for an agent to send to a home` });
        return;
      default:
        unreachable(message);
    }
  }

  #acquire(now: Millis, from: Incarnation, item: AcquireItem, out: HomeOutput): void {
    const core = this.#core;
    if (!core.exists(item.page)) {
      return out.send(from, 'refused', { page: item.page, id: item.id, code: this.#absence(item.page) });
    }
    const entry = core.entry(item.page);
    if (!isBusy(entry)) {
      begin(core, entry, from, item, out);
      return;
    }
    const waiting = entry.queue?.some((queued) => queued.kind === 'acquire' && queued.from === from);
    if (waiting || (entry.state.kind === 'busy' && entry.state.transaction.requester === from && !entry.state.transaction.acquired)) {
      return out.violation(from, item.page, 'a second acquire while the first is being served');
    }
    if ((entry.queue?.length ?? 0) >= this.#maxQueuedPerPage) return refuse(entry, from, item, 'overloaded', out);
    enqueue(entry, { kind: 'acquire', from, item, since: now });
  }

  /** Why a page does not exist. */
  #absence(page: PageId): 'no-such-region' | 'out-of-range' {
    return this.#core.regions.has(regionOf(page)) ? 'out-of-range' : 'no-such-region';
  }

  #acquired(from: Incarnation, item: RequestItem, out: HomeOutput): void {
    const entry = this.#known(item.page, 'acquired', from, out);
    if (entry !== undefined) acquired(this.#core, entry, from, item, out);
  }

  #downgraded(from: Incarnation, item: DowngradedItem, out: HomeOutput): void {
    const entry = this.#known(item.page, 'downgraded', from, out);
    if (entry === undefined) return;
    if (!this.#core.isWhole(item.page, item.content)) return out.violation(from, item.page, 'downgraded with less or more than a page');
    downgraded(this.#core, entry, from, item, out);
  }

  #release(from: Incarnation, item: ReleaseItem, out: HomeOutput): void {
    const entry = this.#known(item.page, 'release', from, out);
    if (entry === undefined) return;
    const whole = item.content === undefined || this.#core.isWhole(item.page, item.content);
    if (!whole) return out.violation(from, item.page, 'a release with less or more than a page');
    release(this.#core, entry, from, item, out);
    if (!isBusy(entry)) this.#core.tidy(entry);
  }

  #report(from: Incarnation, item: ReportItem, out: HomeOutput): void {
    const entry = this.#known(item.page, 'report', from, out);
    if (entry === undefined) return;
    const whole = item.content === undefined || this.#core.isWhole(item.page, item.content);
    if (!whole) return out.violation(from, item.page, 'a report with less or more than a page');
    reported(this.#core, entry, from, item, out);
  }

  /** The entry of a page that the sender must have had to do with. Talk of a deleted region is old news. */
  #known(page: PageId, what: string, from: Incarnation, out: HomeOutput): Entry | undefined {
    if (!this.#core.regions.has(regionOf(page))) {
      out.ignored(what, 'its region was deleted', page);
      return undefined;
    }
    const entry = this.#core.entries.get(page);
    if (entry === undefined) out.violation(from, page, `${what} without an acquire`);
    return entry;
  }

  #memberLost(dead: Incarnation, out: HomeOutput): void {
    const core = this.#core;
    core.members.delete(dead);
    for (const entry of core.entries.values()) {
      if (entry.queue !== undefined) {
        entry.queue = entry.queue.filter((queued) => queued.from !== dead);
        if (entry.queue.length === 0) entry.queue = undefined;
      }
      const { state } = entry;
      if (state.kind === 'busy') {
        memberLost(core, entry, state.transaction, dead, out);
      } else if (state.kind === 'exclusive' && state.owner === dead) {
        becomeIdle(core, entry, afterLoss(entry, []), out);
      } else if (state.kind === 'shared' && state.sharers.includes(dead)) {
        becomeIdle(core, entry, afterLoss(entry, without(state.sharers, dead)), out);
      }
    }
  }

  #deleteRegion(region: RegionId): void {
    const core = this.#core;
    for (const entry of core.entries.values()) if (regionOf(entry.page) === region) core.remove(entry);
    core.regions.delete(region);
  }

  #trim(page: PageId, out: HomeOutput): void {
    const entry = this.#core.entries.get(page);
    if (entry?.state.kind !== 'shared') return out.ignored('trim', 'the page is not shared, or a transaction is changing it', page);
    this.#core.dropBytes(entry);
  }

  /** I6: every acquire is answered, even where the page's transaction cannot end for now. */
  #refuseOld(now: Millis, out: HomeOutput): void {
    for (const page of this.#core.busy) {
      const entry = this.#core.entries.get(page);
      if (entry?.queue === undefined) continue;
      const kept = entry.queue.filter((queued) => {
        const old = queued.kind === 'acquire' && now - queued.since >= this.#queueTimeoutMs;
        if (old) refuse(entry, queued.from, queued.item, 'timeout', out);
        return !old;
      });
      entry.queue = kept.length === 0 ? undefined : kept;
    }
  }
}
