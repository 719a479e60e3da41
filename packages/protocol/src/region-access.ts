import { type AtomicType, type AtomicValue, atomicBytes } from './atomics.js';
import { PagewireError } from './errors.js';
import { limits } from './limits.js';
import { showValue } from './show-value.js';

/** Atomic operations on one element; each resolves with the value before it, as `Atomics` does. Offsets are bytes and must be aligned. */
export interface RegionAtomics {
  load<T extends AtomicType>(type: T, offset: number): Promise<AtomicValue<T>>;
  store<T extends AtomicType>(type: T, offset: number, value: AtomicValue<T>): Promise<AtomicValue<T>>;
  add<T extends AtomicType>(type: T, offset: number, value: AtomicValue<T>): Promise<AtomicValue<T>>;
  sub<T extends AtomicType>(type: T, offset: number, value: AtomicValue<T>): Promise<AtomicValue<T>>;
  and<T extends AtomicType>(type: T, offset: number, value: AtomicValue<T>): Promise<AtomicValue<T>>;
  or<T extends AtomicType>(type: T, offset: number, value: AtomicValue<T>): Promise<AtomicValue<T>>;
  xor<T extends AtomicType>(type: T, offset: number, value: AtomicValue<T>): Promise<AtomicValue<T>>;
  exchange<T extends AtomicType>(type: T, offset: number, value: AtomicValue<T>): Promise<AtomicValue<T>>;
  compareExchange<T extends AtomicType>(
    type: T,
    offset: number,
    expected: AtomicValue<T>,
    replacement: AtomicValue<T>,
  ): Promise<AtomicValue<T>>;
}

/**
 * The operations that a region offers to nodes and clients alike. Offsets and lengths are bytes. `read` and `write` are atomic within a
 * page, not across pages. Every failure is a `PagewireError`.
 */
export interface RegionAccess {
  readonly name: string;
  readonly bytes: number;
  readonly pageBytes: number;
  read(offset: number, length: number): Promise<Uint8Array>;
  write(offset: number, bytes: Uint8Array): Promise<void>;
  readonly atomics: RegionAtomics;
}

/** How to create or open a region. Omitted fields are taken from the region if it exists. */
export interface RegionOptions {
  /** Size in bytes; rounded up to whole pages. */
  readonly bytes?: number;
  /** Page size in bytes: a power of two. */
  readonly pageBytes?: number;
}

/** The shape of a region: all that range checks need. */
export interface RegionShape {
  readonly name: string;
  readonly bytes: number;
  readonly pageBytes: number;
}

/** Whether a region can have this shape. What a peer says of one is not certain before. */
export function isRegionShape({ bytes, pageBytes }: Pick<RegionShape, 'bytes' | 'pageBytes'>): boolean {
  const pageFits = pageBytes >= limits.minPageBytes && pageBytes <= limits.maxPageBytes && Number.isInteger(Math.log2(pageBytes));
  const pageCount = bytes / pageBytes;
  return (
    pageFits && bytes <= limits.maxRegionBytes && Number.isInteger(pageCount) && pageCount >= 1 && pageCount <= limits.maxPagesPerRegion
  );
}

/** The part of a range that lies on one page. */
export interface PageSlice {
  readonly index: number;
  /** First byte within the page. */
  readonly start: number;
  readonly length: number;
  /** Where the slice starts in the whole range. */
  readonly at: number;
}

/** Throws `out-of-range` or `bad-argument` unless `[offset, offset + length)` lies in the region. */
export function checkRange(shape: RegionShape, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new PagewireError('bad-argument', `offset ${showValue(offset)} and length ${showValue(length)} must be integers of 0 or more`);
  }
  if (offset + length > shape.bytes) {
    throw new PagewireError(
      'out-of-range',
      `bytes ${offset} to ${offset + length} reach past the end of region "${shape.name}", which has ${shape.bytes} bytes`,
    );
  }
}

/** Throws unless an atomic of `type` at `offset` lies in the region and is aligned. */
export function checkAtomicRange(shape: RegionShape, offset: number, type: AtomicType): void {
  // What only turns into a name when it is asked for would be a name here and something else later.
  if (typeof type !== 'string' || !Object.hasOwn(atomicBytes, type)) {
    throw new PagewireError('bad-argument', `atomics know ${Object.keys(atomicBytes).join(', ')}, not ${showValue(type)}`);
  }
  checkRange(shape, offset, atomicBytes[type]);
  if (offset % atomicBytes[type] !== 0) {
    throw new PagewireError('misaligned', `${type} at offset ${offset} of region "${shape.name}": use a multiple of ${atomicBytes[type]}`);
  }
}

/** Splits a checked range at page borders, in ascending order. */
export function pageSlices(pageBytes: number, offset: number, length: number): PageSlice[] {
  const slices: PageSlice[] = [];
  for (let at = 0; at < length; ) {
    const start = (offset + at) % pageBytes;
    const size = Math.min(pageBytes - start, length - at);
    slices.push({ index: Math.floor((offset + at) / pageBytes), start, length: size, at });
    at += size;
  }
  return slices;
}

/** Throws `bad-argument` unless the options describe a region that can exist. */
export function checkRegionOptions(name: string, options: RegionOptions): void {
  if (typeof name !== 'string' || !/^[\x21-\x7e]+$/.test(name) || name.length > limits.maxRegionNameBytes) {
    throw new PagewireError('bad-argument', `a region name is 1 to ${limits.maxRegionNameBytes} printable ASCII characters without spaces`);
  }
  // Programs in JavaScript can pass anything.
  if (typeof options !== 'object' || options === null) {
    throw new PagewireError('bad-argument', `the options of region "${name}" are ${showValue(options)}: pass an object, or leave them out`);
  }
  const { bytes, pageBytes } = options;
  if (
    pageBytes !== undefined &&
    !(
      Number.isSafeInteger(pageBytes) &&
      pageBytes >= limits.minPageBytes &&
      pageBytes <= limits.maxPageBytes &&
      Number.isInteger(Math.log2(pageBytes))
    )
  ) {
    throw new PagewireError(
      'bad-argument',
      `pageBytes ${showValue(pageBytes)} of region "${name}": use a power of two from ${limits.minPageBytes} to ${limits.maxPageBytes}`,
    );
  }
  if (bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes > 0 && bytes <= limits.maxRegionBytes)) {
    throw new PagewireError(
      'bad-argument',
      `bytes ${showValue(bytes)} of region "${name}": use an integer from 1 to ${limits.maxRegionBytes}`,
    );
  }
  if (bytes !== undefined && bytes / (pageBytes ?? limits.defaultPageBytes) > limits.maxPagesPerRegion) {
    throw new PagewireError(
      'bad-argument',
      `region "${name}" would have more than ${limits.maxPagesPerRegion} pages: use a larger pageBytes or fewer bytes`,
    );
  }
}
