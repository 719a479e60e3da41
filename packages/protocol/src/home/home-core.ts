import { type Incarnation, type PageId, pageIndex, type RegionId, regionOf, showPage, version } from '../ids.js';
import type { Content, PageItems, PageMessage, PageMessageKind } from '../messages.js';
import { contentWeight, Outbox } from '../outbox.js';
import type { Entry, HomeState, HomeStateKind, Stored } from './entry.js';
import type { HomeEffect } from './home-io.js';

/** The effects of one step: messages gathered by peer, then what the driver is told. */
export class HomeOutput {
  readonly #outbox = new Outbox<Incarnation>();
  readonly #told: HomeEffect[] = [];

  send<K extends PageMessageKind>(to: Incarnation, kind: K, item: PageItems[K], contentBytes = 0): void {
    this.#outbox.add(to, kind, item, contentBytes);
  }

  tell(effect: Exclude<HomeEffect, { kind: 'send' }>): void {
    this.#told.push(effect);
  }

  ignored(what: string, why: string, page?: PageId): void {
    this.tell({ kind: 'ignored', page, what, why });
  }

  violation(from: Incarnation, page: PageId, what: string): void {
    this.tell({ kind: 'violation', from, what: `${what} for page ${showPage(page)}` });
  }

  finish(): HomeEffect[] {
    const effects: HomeEffect[] = [];
    this.#outbox.drain((to: Incarnation, message: PageMessage) => effects.push({ kind: 'send', to, message }));
    effects.push(...this.#told);
    return effects;
  }
}

/** Pages by state, and the bytes that the home holds for them. */
export interface HomeStatus {
  readonly pages: Readonly<Record<HomeStateKind, number>>;
  readonly storedBytes: number;
}

/** The directory itself: the state that the parts of the home share. */
export class HomeCore {
  readonly members = new Set<Incarnation>();
  readonly regions = new Map<RegionId, { readonly pageCount: number; readonly pageBytes: number }>();
  readonly entries = new Map<PageId, Entry>();
  /** Pages in a transaction, so that time and deaths need not look at every page. */
  readonly busy = new Set<PageId>();
  readonly counts: Record<HomeStateKind, number> = { unheld: 0, shared: 0, exclusive: 0, busy: 0, lost: 0 };
  storedBytes = 0;
  #rounds = 0;

  nextRound(): number {
    this.#rounds += 1;
    return this.#rounds;
  }

  /** The page's entry, made when it is first needed: untouched pages are zeros at version 0. */
  entry(page: PageId): Entry {
    let entry = this.entries.get(page);
    if (entry === undefined) {
      entry = { page, state: { kind: 'unheld' }, floor: version(0), issued: version(0), bytes: 'zero', queue: undefined };
      this.entries.set(page, entry);
      this.counts.unheld += 1;
    }
    return entry;
  }

  setState(entry: Entry, state: HomeState): void {
    this.counts[entry.state.kind] -= 1;
    this.counts[state.kind] += 1;
    if (state.kind === 'busy') this.busy.add(entry.page);
    else if (entry.state.kind === 'busy') this.busy.delete(entry.page);
    entry.state = state;
  }

  /** Takes bytes into the home's own memory; what arrives is valid only during the step, so it is copied. */
  store(entry: Entry, content: Content): void {
    // Content that arrives is never a reference to a frame: those are resolved before they leave their node.
    const stored: Stored = content === 'zero' ? 'zero' : (content as Uint8Array).slice();
    this.dropBytes(entry);
    entry.bytes = stored;
    if (stored !== 'zero') this.storedBytes += stored.byteLength;
  }

  dropBytes(entry: Entry): void {
    if (entry.bytes instanceof Uint8Array) this.storedBytes -= entry.bytes.byteLength;
    entry.bytes = undefined;
  }

  remove(entry: Entry): void {
    this.dropBytes(entry);
    this.counts[entry.state.kind] -= 1;
    this.busy.delete(entry.page);
    this.entries.delete(entry.page);
  }

  /** A page that is held by nobody and was never written is as if untouched. */
  tidy(entry: Entry): void {
    if (entry.state.kind === 'unheld' && entry.issued === version(0) && entry.queue === undefined) this.remove(entry);
  }

  /** What `content` weighs on the wire. */
  weight(page: PageId, content: Content | undefined): number {
    return contentWeight(content, this.regions.get(regionOf(page))?.pageBytes ?? 0);
  }

  /** True when the page lies in a region that exists. */
  exists(page: PageId): boolean {
    const region = this.regions.get(regionOf(page));
    return region !== undefined && pageIndex(page) < region.pageCount;
  }

  /** True when `content` is a whole page of its region. */
  isWhole(page: PageId, content: Content): boolean {
    return content === 'zero' || (content instanceof Uint8Array && content.byteLength === this.regions.get(regionOf(page))?.pageBytes);
  }
}
