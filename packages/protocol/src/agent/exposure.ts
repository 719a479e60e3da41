import type { PageId, Version } from '../ids.js';
import type { FrameRef, PageItems, PageMessageKind } from '../messages.js';
import { contentWeight } from '../outbox.js';
import type { Peer } from './agent-io.js';
import type { PageRecord } from './page-record.js';
import type { StepOutput } from './step-output.js';

/** The messages that show others what was written here. */
type ExposingKind = 'page' | 'downgraded' | 'release';

interface Gated {
  readonly gate: number;
  readonly record: PageRecord;
  readonly to: Peer;
  readonly kind: PageMessageKind;
  readonly item: PageItems[PageMessageKind];
  readonly weight: number;
}

/**
 * Confirm before exposing (rule 7 of the protocol model): an exclusive grant that the home has not yet confirmed could still be undone by
 * this node's death. So bytes leave only when every exclusive grant installed before them is confirmed; later messages about the same page
 * wait behind them, which to the peer looks like a slow link and nothing else.
 */
export class Exposure {
  #lastExclusive = 0;
  #snapshots = 0;
  readonly #unconfirmed = new Map<PageId, { readonly number: number; readonly version: Version }>();
  /** In order of their gates, which never decrease. */
  #gated: Gated[] = [];

  /** Number of the latest exclusive grant installed. */
  get lastExclusive(): number {
    return this.#lastExclusive;
  }

  /** Every exclusive grant up to and including this number is confirmed. */
  get confirmedUpTo(): number {
    // Numbers are given in insertion order, so the first entry is the oldest unconfirmed grant.
    const oldest = this.#unconfirmed.values().next();
    return oldest.done ? this.#lastExclusive : oldest.value.number - 1;
  }

  installed(page: PageId, version: Version): void {
    this.#lastExclusive += 1;
    this.#unconfirmed.delete(page);
    this.#unconfirmed.set(page, { number: this.#lastExclusive, version });
  }

  /** The home has confirmed `page` at `version`, or the page's region is gone and nothing can depend on it any more. */
  confirm(page: PageId, version: Version | undefined, out: StepOutput): void {
    const entry = this.#unconfirmed.get(page);
    if (entry === undefined || (version !== undefined && entry.version !== version)) return;
    const before = this.confirmedUpTo;
    this.#unconfirmed.delete(page);
    if (this.confirmedUpTo === before) return;
    this.#open(out);
    out.tell({ kind: 'confirmed', upTo: this.confirmedUpTo });
  }

  /** Sends a message that carries bytes written here, now or when it may. */
  expose<K extends ExposingKind>(record: PageRecord, to: Peer, kind: K, item: PageItems[K], pageBytes: number, out: StepOutput): void {
    const weight = contentWeight(item.content, pageBytes);
    if (this.#unconfirmed.size === 0 && record.gated === 0) {
      out.send(to, kind, item, weight);
      return;
    }
    this.#hold(record, to, kind, this.#putAside(item, out), weight);
  }

  /** Sends a message that carries nothing written here, behind earlier ones about the same page. */
  send<K extends PageMessageKind>(record: PageRecord, to: Peer, kind: K, item: PageItems[K], out: StepOutput, weight = 0): void {
    if (record.gated === 0) {
      out.send(to, kind, item, weight);
    } else {
      this.#hold(record, to, kind, 'content' in item && item.content !== undefined ? this.#putAside(item, out) : item, weight);
    }
  }

  /** A held message outlives the frame it speaks of, so the bytes are copied aside. */
  #putAside<T extends object>(item: T, out: StepOutput): T {
    if (!('content' in item) || typeof item.content !== 'object' || item.content === null || !('frame' in item.content)) return item;
    this.#snapshots += 1;
    // The property was just seen to hold a frame reference: `Content` has no other object with a `frame`.
    const { frame } = item.content as FrameRef;
    out.memory({ kind: 'snapshot', page: frame, snapshot: this.#snapshots });
    return { ...item, content: { frame, snapshot: this.#snapshots } };
  }

  #hold(record: PageRecord, to: Peer, kind: PageMessageKind, item: PageItems[PageMessageKind], weight: number): void {
    record.gated += 1;
    this.#gated.push({ gate: this.#lastExclusive, record, to, kind, item, weight });
  }

  #open(out: StepOutput): void {
    const upTo = this.confirmedUpTo;
    let count = 0;
    for (const held of this.#gated) {
      if (held.gate > upTo) break;
      held.record.gated -= 1;
      out.send(held.to, held.kind, held.item, held.weight);
      count += 1;
    }
    if (count > 0) this.#gated = this.#gated.slice(count);
  }
}
