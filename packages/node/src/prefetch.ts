/** Pages to ask for ahead of a scan. */
export interface PageRun {
  readonly first: number;
  readonly count: number;
}

interface Stream {
  /** The page after the last one asked for, ahead or not: a scan that outruns what was prefetched faults here next. */
  next: number;
  /** The page of the last fault. */
  last: number;
  window: number;
}

/**
 * Finds ascending scans among the read faults of one region and says what to ask for ahead of them. A fault that continues a scan doubles
 * the scan's window, from 2 up to `maxPages`; a fault that continues none starts a scan of its own and asks for nothing. Several scans may
 * be interleaved; the one that was continued least recently is forgotten first. After the readahead of operating systems: Wu, Xi, Xu,
 * "On the design of a new Linux readahead framework", 2008.
 */
export class SequentialDetector {
  readonly #maxPages: number;
  readonly #maxStreams: number;
  /** Most recently continued last. */
  readonly #streams: Stream[] = [];

  constructor(options: { readonly maxPages: number; readonly maxStreams?: number }) {
    this.#maxPages = options.maxPages;
    this.#maxStreams = options.maxStreams ?? 4;
  }

  /** Takes note of a read fault on `count` pages from `first`. The run it answers may reach past the end of the region. */
  fault(first: number, count = 1): PageRun | undefined {
    const end = first + count;
    const found = this.#streams.findIndex((stream) => first > stream.last && first <= stream.next);
    const stream = this.#streams[found];
    if (stream === undefined) {
      if (this.#streams.length >= this.#maxStreams) this.#streams.shift();
      this.#streams.push({ next: end, last: end - 1, window: 1 });
      return undefined;
    }
    this.#streams.splice(found, 1);
    this.#streams.push(stream);
    stream.last = end - 1;
    // A fault on a page that is still on its way: the scan is faster than the window. Ask further ahead before it runs dry.
    stream.window = Math.min(stream.window * 2, this.#maxPages);
    const from = Math.max(end, stream.next);
    const until = end + stream.window;
    stream.next = Math.max(until, from);
    return until > from ? { first: from, count: until - from } : undefined;
  }
}
