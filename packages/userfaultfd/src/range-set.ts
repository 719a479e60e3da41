import type { AddressRange } from './address-range.js';

/** Which addresses are in: disjoint ranges, in order, neighbours merged. Few ranges, asked about often. */
export class RangeSet {
  #ranges: readonly { readonly start: number; readonly end: number }[] = [];

  add(range: AddressRange): void {
    let start = range.address;
    let end = range.address + range.bytes;
    const apart = this.#ranges.filter((other) => {
      if (other.end < start || other.start > end) return true;
      start = Math.min(start, other.start);
      end = Math.max(end, other.end);
      return false;
    });
    this.#ranges = [...apart, { start, end }].sort((a, b) => a.start - b.start);
  }

  remove(range: AddressRange): void {
    const start = range.address;
    const end = range.address + range.bytes;
    this.#ranges = this.#ranges.flatMap((other) => {
      if (other.end <= start || other.start >= end) return [other];
      const left = { start: other.start, end: start };
      const right = { start: end, end: other.end };
      return [left, right].filter((part) => part.start < part.end);
    });
  }

  /** Whether every address of the range is in. */
  covers(range: AddressRange): boolean {
    const end = range.address + range.bytes;
    for (const other of this.#ranges) {
      if (range.address >= other.start && end <= other.end) return true;
    }
    return false;
  }
}
