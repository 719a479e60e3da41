import type { AddressRange } from '@pagewire/userfaultfd';

/** A thread waits at byte `at` of a window. */
export type WindowFault = (at: number, write: boolean, threadId: number) => void;

interface Entry {
  readonly range: AddressRange;
  readonly fault: WindowFault;
}

/** The windows of this process by address. */
export class Windows {
  /** Ascending by address; windows do not overlap. */
  readonly #entries: Entry[] = [];
  readonly #counted: (count: number) => void;

  /** `counted` is told how many windows there are, whenever that changes. */
  constructor(counted: (count: number) => void = () => {}) {
    this.#counted = counted;
  }

  add(range: AddressRange, fault: WindowFault): void {
    this.#entries.splice(this.#firstAbove(range.address), 0, { range, fault });
    this.#counted(this.#entries.length);
  }

  delete(range: AddressRange): void {
    const at = this.#firstAbove(range.address) - 1;
    if (this.#entries[at]?.range === range) this.#entries.splice(at, 1);
    this.#counted(this.#entries.length);
  }

  /** Passes a fault on to its window; one that is gone needs no answer, because closing it woke its threads. */
  fault(address: number, write: boolean, threadId: number): void {
    const entry = this.#entries[this.#firstAbove(address) - 1];
    if (entry === undefined || address >= entry.range.address + entry.range.bytes) return;
    entry.fault(address - entry.range.address, write, threadId);
  }

  #firstAbove(address: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && entry.range.address <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
