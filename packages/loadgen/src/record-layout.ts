import { PagewireError } from '@pagewire/protocol';
import { minRecordBytes } from './record.js';

/**
 * Where records lie: whole records on each page, in order of key, the rest of the page unused. A record never crosses a page border,
 * because `read` and `write` are atomic within a page only.
 */
export class RecordLayout {
  readonly pageBytes: number;
  readonly recordBytes: number;
  /** How many records fit the region. */
  readonly capacity: number;
  readonly perPage: number;

  /** Throws `bad-argument` unless a record fits a page. */
  constructor(shape: { readonly pageBytes: number; readonly recordBytes: number; readonly capacity: number }) {
    if (!Number.isInteger(shape.recordBytes) || shape.recordBytes < minRecordBytes || shape.recordBytes > shape.pageBytes) {
      throw new PagewireError(
        'bad-argument',
        `recordBytes ${shape.recordBytes} with pages of ${shape.pageBytes} bytes: a record is written atomically, so it must fit one page; ` +
          `use an integer from ${minRecordBytes} to ${shape.pageBytes}, or larger pages`,
      );
    }
    this.pageBytes = shape.pageBytes;
    this.recordBytes = shape.recordBytes;
    this.capacity = shape.capacity;
    this.perPage = Math.floor(shape.pageBytes / shape.recordBytes);
  }

  /** Bytes of a region that holds every record: whole pages. */
  get regionBytes(): number {
    return Math.ceil(this.capacity / this.perPage) * this.pageBytes;
  }

  pageOf(key: number): number {
    return Math.floor(key / this.perPage);
  }

  offsetOf(key: number): number {
    return this.pageOf(key) * this.pageBytes + (key % this.perPage) * this.recordBytes;
  }

  /** Bytes from the start of record `first` to the end of record `first` + `count` - 1, gaps at page ends included. */
  spanBytes(first: number, count: number): number {
    return this.offsetOf(first + count - 1) + this.recordBytes - this.offsetOf(first);
  }
}
