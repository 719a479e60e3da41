import type { Batch, BatchDone } from '../cluster/calls.js';

export const pageBytes = 4096;
const wordsPerPage = pageBytes / 4;
/** Two counters on one page: it is shared truly by who adds to one, and falsely by who adds to the other. */
export const counters = 8;
const counterPages = counters / 2;
export const dataPages = 28;
export const regionBytes = (counterPages + dataPages) * pageBytes;

const wordOf = (counter: number): number => Math.floor(counter / 2) * wordsPerPage + (counter % 2) * (wordsPerPage / 2);

interface Counter {
  begun: number;
  acknowledged: number;
  floor: number;
  readonly handedOut: Set<number>;
}

interface Page {
  readonly writer: string;
  issued: number;
  acknowledged: number;
  floor: number;
  /** Its writer ended while it may have been at it: nobody finishes what it began. */
  abandoned: boolean;
}

/** A batch under way, and what was known when it began. */
export interface Begun {
  readonly batch: Batch;
  readonly counterFloors: readonly number[];
  readonly pageFloors: readonly number[];
}

/** What is known of one region that mapped programs work in: what they may find there, and what they must. */
export class MappedLedger {
  readonly #counters: readonly Counter[];
  readonly #pages: readonly Page[];
  readonly #lostPages = new Set<number>();

  constructor(
    readonly region: string,
    writers: readonly string[],
  ) {
    this.#counters = Array.from({ length: counters }, () => ({ begun: 0, acknowledged: 0, floor: 0, handedOut: new Set() }));
    this.#pages = Array.from({ length: dataPages }, (_, page) => ({
      writer: writers[page % writers.length] ?? '',
      ...{ issued: 0, acknowledged: 0, floor: 0, abandoned: false },
    }));
  }

  get lost(): number {
    return this.#lostPages.size;
  }
  get acknowledged(): number {
    return this.#counters.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }
  get unknown(): number {
    return this.#counters.reduce((sum, { begun, acknowledged }) => sum + begun - acknowledged, 0);
  }

  /** `page` counts all pages of the region. */
  noteLost(page: number): void {
    this.#lostPages.add(page);
  }

  /** Pages that `writer` may write: its own, unless an earlier life of it was at them when it ended. */
  pagesOf(writer: string): readonly number[] {
    return this.#pages.flatMap((page, index) => (page.writer === writer && !page.abandoned ? [index + counterPages] : []));
  }

  /** Pages that a reader can make sense of. */
  get readable(): readonly number[] {
    return this.#pages.flatMap((page, index) => (page.abandoned ? [] : [index + counterPages]));
  }

  begin({
    adds,
    writes,
    reads,
  }: {
    adds: readonly { counter: number; times: number }[];
    writes: readonly number[];
    reads: readonly number[];
  }): Begun {
    const counterFloors = adds.map(({ counter }) => this.#counter(counter).floor);
    const pageFloors = reads.map((page) => this.#page(page).floor);
    for (const { counter, times } of adds) this.#counter(counter).begun += times;
    const batch = {
      region: this.region,
      adds: adds.map(({ counter, times }) => ({ word: wordOf(counter), times })),
      writes: writes.map((page) => ({ page, version: ++this.#page(page).issued })),
      reads,
    };
    return { batch, counterFloors, pageFloors };
  }

  /** Its program ended before it was done. */
  died({ batch }: Begun): void {
    for (const { page } of batch.writes) this.#page(page).abandoned = true;
  }

  /** It was done, and confirmed. `atRest`: nobody else was at work. Returns what is wrong with what the program saw. */
  done({ batch, counterFloors, pageFloors }: Begun, { returned, seen }: BatchDone, atRest = false): readonly string[] {
    const problems = batch.adds.flatMap(({ word }, at) => this.#counted(word, counterFloors[at] ?? 0, returned[at] ?? []));
    for (const { page, version } of batch.writes) {
      const known = this.#page(page);
      known.acknowledged = version;
      known.floor = Math.max(known.floor, version);
    }
    return [...problems, ...batch.reads.flatMap((page, at) => this.#read(page, pageFloors[at] ?? 0, seen[at], atRest))];
  }

  /** What is wrong with a counter that nobody adds to any more. */
  settleCounter(counter: number, value: number): string | undefined {
    const { acknowledged, begun } = this.#counter(counter);
    if (value >= acknowledged && value <= begun) return undefined;
    return `counter ${counter} of ${this.region} is ${value}, not within ${acknowledged} to ${begun}`;
  }

  /** Where a counter lies: the page's number, and the offset of its word in bytes. */
  static placeOf(counter: number): { readonly page: number; readonly offset: number } {
    return { page: Math.floor(counter / 2), offset: wordOf(counter) * 4 };
  }

  #counted(word: number, floor: number, values: readonly number[]): readonly string[] {
    const index = Math.floor(word / wordsPerPage) * 2 + (word % wordsPerPage === 0 ? 0 : 1);
    const counter = this.#counter(index);
    const what = (value: number): string => `an increment of counter ${index} of ${this.region} returned ${value}`;
    const problems: string[] = [];
    for (const value of values) {
      if (value < floor) problems.push(`${what(value)}, although ${floor} had been reached before it began`);
      if (value >= counter.begun) problems.push(`${what(value)}, although only ${counter.begun} were begun`);
      if (counter.handedOut.has(value)) problems.push(`${what(value)}, as another had: one of the two is lost`);
      counter.handedOut.add(value);
      counter.floor = Math.max(counter.floor, value + 1);
    }
    counter.acknowledged += values.length;
    return problems.slice(0, 3);
  }

  #read(page: number, floor: number, seen: BatchDone['seen'][number] | undefined, atRest: boolean): readonly string[] {
    const known = this.#page(page);
    if (seen === undefined) return [`${this.region}: nothing was read of page ${page}`];
    if (seen.kind === 'torn') return [`${this.region}: ${seen.problem}`];
    // Its writer was at it: how long that takes is up to the faults.
    if (seen.kind === 'unfinished') return atRest ? [`page ${page} of ${this.region} is unfinished, although its writer is done`] : [];
    const where = `page ${page} of ${this.region} shows version ${seen.version}`;
    if (seen.version < floor) return [`${where}, although ${floor} had been seen or acknowledged before: stale`];
    if (seen.version > known.issued) return [`${where}, although only ${known.issued} were ever written`];
    known.floor = Math.max(known.floor, seen.version);
    return [];
  }

  #counter(index: number): Counter {
    const counter = this.#counters[index];
    if (counter === undefined) throw new RangeError(`there is no counter ${index}`);
    return counter;
  }

  #page(page: number): Page {
    const known = this.#pages[page - counterPages];
    if (known === undefined) throw new RangeError(`page ${page} holds no versions`);
    return known;
  }
}
