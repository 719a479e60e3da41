import { limits, type Millis, millis, type PageId, type RegionId, type Right, regionOf } from '@pagewire/protocol';

/** A page that is to be asked for. */
export interface Want {
  readonly page: PageId;
  readonly bytes: number;
  readonly right: Right;
  /** Whoever wants it gives up then. */
  readonly deadline: Millis;
}

interface Asked {
  readonly bytes: number;
  readonly since: Millis;
}

/** Pages to ask for now, in one message. */
export interface Ask {
  readonly pages: PageId[];
  readonly right: Right;
  readonly deadline: Millis;
}

/**
 * Requests that are slow (others keep the page pinned) may take up this many windows beside the one for the others, so that they do not stand
 * in the way of pages that can be had.
 */
const slowWindows = limits.maxWindowsPerNode - 1;

/** A request that has not been answered for this long is slow. */
const slowAfterMs = 250;

/**
 * Bounds the page bytes that are asked for and have not come. What does not fit waits here, in order, and is dropped when its deadline
 * passes. Each page is counted once, from when it is asked for until the request has ended, however often it is wanted meanwhile.
 */
export class RequestWindow {
  readonly #limitBytes: number;
  /** In order of asking. */
  readonly #asked = new Map<PageId, Asked>();
  #askedBytes = 0;
  /** Requests under way that take long: what they ask for may still come. */
  readonly #slow = new Map<PageId, Asked>();
  #slowBytes = 0;
  readonly #queue = new Map<PageId, Want>();
  #queuedBytes = 0;
  /** Wants that take no turn: nothing is added by asking again, or it must not wait. */
  readonly #urgent = new Map<PageId, Want>();

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Pages that wait for their turn. */
  get queued(): number {
    return this.#queue.size;
  }

  /** True while a request for the page is under way. */
  isAsked(page: PageId): boolean {
    return this.#asked.has(page) || this.#slow.has(page);
  }

  /** True from when the page is wanted until its request has ended. */
  has(page: PageId): boolean {
    return this.isAsked(page) || this.#queue.has(page) || this.#urgent.has(page);
  }

  /** True when a page of `bytes` more would be asked for at once: what is not needed yet asks for nothing else. */
  fits(bytes: number): boolean {
    return this.#askedBytes + this.#queuedBytes + bytes <= this.#limitBytes;
  }

  /**
   * A page that waits already keeps its turn, for the most that anybody needs of it. `urgent` is for who holds other pages while it waits: if
   * it had to wait for its turn, it could be waiting for pages whose holders wait for those.
   */
  want(want: Want, urgent = false): void {
    const { page } = want;
    const queued = this.#queue.get(page);
    if (urgent || this.isAsked(page)) {
      this.#unqueue(page);
      this.#urgent.set(page, merged(queued ?? this.#urgent.get(page), want));
    } else if (this.#urgent.has(page)) {
      this.#urgent.set(page, merged(this.#urgent.get(page), want));
    } else {
      if (queued === undefined) this.#queuedBytes += want.bytes;
      this.#queue.set(page, merged(queued, want));
    }
  }

  /** What may be asked for now; `undefined` when that is nothing. The caller asks, and calls again. */
  next(now: Millis): Ask | undefined {
    let ask: Ask | undefined;
    const joins = ({ page, right, deadline }: Want): boolean => {
      ask ??= { pages: [], right, deadline };
      if (ask.right !== right || ask.deadline !== deadline) return false;
      ask.pages.push(page);
      return true;
    };
    for (const want of this.#urgent.values()) {
      if (!joins(want)) return ask;
      this.#urgent.delete(want.page);
      this.#count(want, now);
    }
    for (const want of this.#queue.values()) {
      // Dropped by `expire`, together with the accesses that it was for: who comes in between must find it, or ask anew.
      if (want.deadline <= now) continue;
      if (this.#askedBytes > 0 && this.#askedBytes + want.bytes > this.#limitBytes) break;
      if (!joins(want)) break;
      this.#count(want, now);
      this.#unqueue(want.page);
    }
    return ask;
  }

  /** The request for the page has ended, well or badly. */
  ended(page: PageId): void {
    this.#askedBytes -= take(this.#asked, page);
    this.#slowBytes -= take(this.#slow, page);
  }

  /** Time passed: drops what has waited for too long, and lets slow requests stand aside. The caller then asks for what fits. */
  expire(now: Millis): void {
    for (const { page, deadline } of this.#queue.values()) if (deadline <= now) this.#unqueue(page);
    for (const [page, asked] of this.#asked) {
      if (asked.since + slowAfterMs > now || this.#slowBytes + asked.bytes > slowWindows * this.#limitBytes) break;
      this.#askedBytes -= take(this.#asked, page);
      this.#slow.set(page, asked);
      this.#slowBytes += asked.bytes;
    }
  }

  /** Drops what waits of `region`, or of all regions; requests under way go on. */
  dropQueued(region?: RegionId): void {
    for (const wants of [this.#queue, this.#urgent]) {
      for (const page of wants.keys()) if (region === undefined || regionOf(page) === region) this.#forget(page);
    }
  }

  /** A new life: nothing is asked for. */
  clear(): void {
    this.dropQueued();
    this.#asked.clear();
    this.#slow.clear();
    this.#askedBytes = 0;
    this.#slowBytes = 0;
  }

  #count({ page, bytes }: Want, since: Millis): void {
    if (this.isAsked(page)) return;
    this.#asked.set(page, { bytes, since });
    this.#askedBytes += bytes;
  }

  #unqueue(page: PageId): void {
    const want = this.#queue.get(page);
    if (want === undefined) return;
    this.#queue.delete(page);
    this.#queuedBytes -= want.bytes;
  }

  #forget(page: PageId): void {
    this.#unqueue(page);
    this.#urgent.delete(page);
  }
}

function merged(before: Want | undefined, want: Want): Want {
  if (before === undefined) return want;
  return {
    ...want,
    right: before.right === 'exclusive' ? before.right : want.right,
    deadline: millis(Math.max(before.deadline, want.deadline)),
  };
}

function take(pages: Map<PageId, Asked>, page: PageId): number {
  const bytes = pages.get(page)?.bytes ?? 0;
  pages.delete(page);
  return bytes;
}
