import { type ErrorCode, type Millis, PagewireError, type Right } from '@pagewire/protocol';
import { Access } from './access.js';
import type { PagedRegion } from './paged-region.js';
import type { Pager } from './pager.js';
import type { Pin } from './region.js';

/** What a pin covers. */
export interface PinRange {
  readonly offset: number;
  readonly length: number;
  readonly right: Right;
}

/** Keeps the books of the pins made through it. */
export interface PinOwner {
  gained(pin: HeldPin): void;
  released(pin: HeldPin): void;
}

export class HeldPin implements Pin {
  readonly offset: number;
  readonly length: number;
  readonly right: Right;
  readonly #pager: Pager;
  readonly #region: PagedRegion;
  readonly #life: number;
  readonly #owner: PinOwner;
  #held = true;

  constructor(pager: Pager, region: PagedRegion, range: PinRange, owner: PinOwner) {
    this.offset = range.offset;
    this.length = range.length;
    this.right = range.right;
    this.#pager = pager;
    this.#region = region;
    this.#life = pager.life;
    this.#owner = owner;
  }

  get bytes(): Uint8Array {
    if (!this.#held) throw this.#over('closed', 'was released; pin the bytes again');
    if (this.#region.gone !== undefined) throw this.#over('no-such-region', `is over: ${this.#region.gone.message}`);
    this.#pager.admit();
    if (this.#pager.life !== this.#life) throw this.#over('fenced', 'ended when this node was fenced; pin the bytes again');
    return this.#region.memory.range(this.offset, this.length);
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    const { first, count } = pagesOf(this.#region, this);
    this.#pager.unpin({ region: this.#region, first, count, right: this.right, life: this.#life });
    this.#owner.released(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }

  #over(code: ErrorCode, why: string): PagewireError {
    const end = this.offset + this.length;
    return new PagewireError(code, `the pin of bytes ${this.offset} to ${end} of region "${this.#region.record.name}" ${why}`);
  }
}

/**
 * Gains a range for a pin. All pages are wanted at once, but held in ascending order only: a page below is held while one above is
 * waited for, never the other way round, so pins of ranges that overlap cannot wait for each other in a circle (Havender, 1968). A page
 * that is not here when its turn comes is waited for by itself: it is still to come, or it came early and was taken away again.
 */
export class PinAccess extends Access<Pin> {
  readonly #pager: Pager;
  readonly #region: PagedRegion;
  readonly #range: PinRange;
  readonly #owner: PinOwner;
  readonly #life: number;
  readonly #first: number;
  readonly #end: number;
  /** The pages below this one, from the first, are held. */
  #next: number;

  constructor(pager: Pager, region: PagedRegion, range: PinRange, terms: { readonly deadline: Millis; readonly owner: PinOwner }) {
    super({ memory: region.memory, right: range.right, deadline: terms.deadline });
    this.#pager = pager;
    this.#region = region;
    this.#range = range;
    this.#owner = terms.owner;
    this.#life = pager.life;
    const { first, count } = pagesOf(region, range);
    this.#first = first;
    this.#end = first + count;
    this.#next = first;
  }

  /** Holds what may be held now, and asks for the rest. */
  start(): void {
    this.#advance();
    if (!this.settled) this.#pager.want(this, this.#region, { first: this.#next + 1, count: this.#end - this.#next - 1 });
  }

  run(): void {
    this.#advance();
  }

  #advance(): void {
    while (this.#next < this.#end && this.#region.permits(this.#next, this.right)) {
      this.#pager.pin(this.#region, this.#next, this.right);
      this.#next += 1;
    }
    if (this.#next < this.#end) {
      this.#pager.wait(this, this.#region, [this.#next], { urgent: this.#next > this.#first });
    } else {
      const pin = new HeldPin(this.#pager, this.#region, this.#range, this.#owner);
      this.#owner.gained(pin);
      this.finish(pin);
    }
  }

  override fail(error: PagewireError): void {
    if (this.settled) return;
    super.fail(error);
    const count = this.#next - this.#first;
    this.#pager.unpin({ region: this.#region, first: this.#first, count, right: this.right, life: this.#life });
  }
}

function pagesOf(region: PagedRegion, range: { readonly offset: number; readonly length: number }): { first: number; count: number } {
  const { pageBytes } = region.memory;
  const first = Math.floor(range.offset / pageBytes);
  return { first, count: Math.floor((range.offset + range.length - 1) / pageBytes) + 1 - first };
}
