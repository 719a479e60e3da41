/**
 * The keys that exist. Inserts take the next key, and a key may be chosen once its insert and all before it have ended, as YCSB's
 * `AcknowledgedCounterGenerator` has it: a chooser never names a record whose insert is still under way.
 */
export class KeySpace {
  readonly #capacity: number;
  readonly #endedAhead = new Set<number>();
  #next: number;
  #limit: number;

  constructor({ records, capacity }: { readonly records: number; readonly capacity: number }) {
    this.#next = records;
    this.#limit = records;
    this.#capacity = capacity;
  }

  /** Keys below this may be chosen. */
  get limit(): number {
    return this.#limit;
  }
  /** Keys below this have been given out. */
  get allocated(): number {
    return this.#next;
  }

  /** The key for a new record; undefined when the region is full. */
  allocate(): number | undefined {
    return this.#next < this.#capacity ? this.#next++ : undefined;
  }

  /** The insert of `key` has ended, whatever its outcome. */
  ended(key: number): void {
    this.#endedAhead.add(key);
    while (this.#endedAhead.delete(this.#limit)) this.#limit++;
  }
}
