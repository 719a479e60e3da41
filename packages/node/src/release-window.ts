import type { PageId } from '@pagewire/protocol';

/** A search for pages to give back. */
interface Pass {
  readonly pages: Iterator<PageId>;
  /** False when the pages are to stay after all. */
  goesOn(): boolean;
}

/** Bounds the page bytes that are on their way back to the home. Who wants pages given back starts a pass over them; passes take turns. */
export class ReleaseWindow<Key> {
  #limitBytes: number;
  readonly #bytesOf: (page: PageId) => number;
  readonly #passes = new Map<Key, Pass>();
  readonly #releasing = new Map<PageId, number>();
  #bytes = 0;

  constructor(limitBytes: number, bytesOf: (page: PageId) => number) {
    this.#limitBytes = limitBytes;
    this.#bytesOf = bytesOf;
  }

  /** Gives back what `pages` names, one window at a time, while `goesOn`. A pass of the same key that is under way goes on instead. */
  start(key: Key, pages: () => Iterable<PageId>, goesOn: () => boolean): void {
    if (!this.#passes.has(key)) this.#passes.set(key, { pages: pages()[Symbol.iterator](), goesOn });
  }

  /** Pages to give back now; empty when the window is full or nothing is left. The caller evicts them at once. */
  next(): PageId[] {
    const pages: PageId[] = [];
    for (const [key, pass] of this.#passes) {
      // A window that is nearly full waits, so that pages travel many to a message.
      while (this.#bytes <= this.#limitBytes / 2 || pages.length > 0) {
        const found = pass.goesOn() ? pass.pages.next() : undefined;
        if (found === undefined || found.done === true) {
          this.#passes.delete(key);
          break;
        }
        if (this.#releasing.has(found.value)) continue;
        const bytes = this.#bytesOf(found.value);
        this.#releasing.set(found.value, bytes);
        this.#bytes += bytes;
        pages.push(found.value);
        if (this.#bytes + bytes > this.#limitBytes) return pages;
      }
    }
    return pages;
  }

  /** The page is not held any more. */
  evicted(page: PageId): void {
    this.#bytes -= this.#releasing.get(page) ?? 0;
    this.#releasing.delete(page);
  }

  /** Forgets pages that were taken away while they were being given back: what is left of their release weighs nothing. */
  prune(isGone: (page: PageId) => boolean): void {
    for (const page of this.#releasing.keys()) if (isGone(page)) this.evicted(page);
  }

  /** From now on everything may be on its way at once. */
  unbound(): void {
    this.#limitBytes = Number.POSITIVE_INFINITY;
  }

  clear(): void {
    this.#passes.clear();
    this.#releasing.clear();
    this.#bytes = 0;
  }
}
