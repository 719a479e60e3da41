/** A write as the history knows it: the value that it stored, and the span in which operations on that value were seen. */
export interface StoredValue {
  readonly writer: number;
  readonly sequence: number;
  /** When the first operation on this value (its write, or a read of it) ended: it was in memory before this. Infinity while none has. */
  firstEnd: number;
  /** When the last operation on this value began: it was in memory, or was yet to be, after this. */
  lastStart: number;
}

/** `earlier` was in memory before `later` was: some operation on the one ended before some operation on the other began. */
const precedes = (earlier: StoredValue, later: StoredValue): boolean => earlier.firstEnd < later.lastStart;

/**
 * The operations on one record, checked for linearizability as they end. Every write stores a different value, so that a read names the
 * write it saw. Then the history is linearizable if and only if no two values each precede the other (Gibbons and Korach, "Testing Shared
 * Memories", SIAM J. Comput. 26(4), 1997, whose overlapping zones are exactly such pairs). This covers reads that go back to an older value,
 * reads of an overwritten value, and writes that take effect twice.
 *
 * A write whose outcome is unknown keeps `firstEnd` at Infinity until somebody reads it: it may take effect at any time, or never.
 *
 * Times are ticks of one counter that rises at each start and end, so that no two events share one.
 */
export class RegisterHistory {
  #values: StoredValue[];
  // Starts of the reads under way, ascending, because ticks rise.
  readonly #reading: number[] = [];
  #convicted = false;

  /** @param sequence of the load phase's write that the record starts with; 0 for a record that nobody has written */
  constructor(sequence = 0) {
    this.#values = [{ writer: 0, sequence, firstEnd: 0, lastStart: 0 }];
  }

  /** How many values a read may still meet. Bounded by the operations in flight and the writes whose outcome is unknown. */
  get candidates(): number {
    return this.#values.length;
  }

  beginWrite(writer: number, sequence: number, now: number): StoredValue {
    const value = { writer, sequence, firstEnd: Number.POSITIVE_INFINITY, lastStart: now };
    this.#values.push(value);
    return value;
  }

  /** The write was acknowledged. Returns what is wrong, if anything is. */
  acknowledged(value: StoredValue, now: number): string | undefined {
    value.firstEnd = Math.min(value.firstEnd, now);
    return this.#judge(value);
  }

  /** The write was refused before it started: to read its value is an error, now or before. Returns what is wrong, if anything is. */
  withdraw(value: StoredValue): string | undefined {
    this.#values = this.#values.filter((other) => other !== value);
    return value.firstEnd === Number.POSITIVE_INFINITY ? undefined : this.#convict(`${show(value)}, which was refused as not started`);
  }

  beginRead(now: number): void {
    this.#reading.push(now);
  }

  /** The read that began at `start` brought no value. */
  abandonRead(start: number): void {
    this.#reading.splice(this.#reading.indexOf(start), 1);
    this.#forget();
  }

  /** The read that began at `start` ended at `now` with the given value. Returns what is wrong, if anything is. */
  endRead(start: number, now: number, seen: { readonly writer: number; readonly sequence: number }): string | undefined {
    this.#reading.splice(this.#reading.indexOf(start), 1);
    const value = this.#values.find((other) => other.writer === seen.writer && other.sequence === seen.sequence);
    if (value === undefined)
      return this.#convict(`${show(seen)}, which had been overwritten before the read began or was never written here`);
    value.firstEnd = Math.min(value.firstEnd, now);
    value.lastStart = Math.max(value.lastStart, start);
    return this.#judge(value);
  }

  #judge(value: StoredValue): string | undefined {
    const other = this.#values.find((candidate) => candidate !== value && precedes(candidate, value) && precedes(value, candidate));
    this.#forget();
    return other && this.#convict(`${show(value)} both before and after ${show(other)}: no order of the operations explains that`);
  }

  /** One bug tends to make every later operation on the record look wrong, so each record is accused once. */
  #convict(problem: string): string | undefined {
    if (this.#convicted) return undefined;
    this.#convicted = true;
    return problem;
  }

  /**
   * Drops the values that no read under way or to come can return: those that precede a value which was in memory before every such
   * read began. To meet a dropped value is then exactly a violation.
   */
  #forget(): void {
    if (this.#values.length === 1) return;
    const oldestRead = this.#reading[0] ?? Number.POSITIVE_INFINITY;
    const current = this.#values.filter(({ firstEnd }) => firstEnd < oldestRead);
    const gone = (value: StoredValue): boolean => current.some((other) => other !== value && precedes(value, other));
    this.#values = this.#values.filter((value) => !gone(value));
  }
}

const show = (value: { readonly writer: number; readonly sequence: number }): string =>
  value.sequence === 0 ? 'the unwritten record' : `write ${value.sequence} of writer ${value.writer}`;
