import { Packr, RESERVE_START_SPACE, Unpackr } from 'msgpackr';
import { InvariantError } from '../errors.js';
import { limits } from '../limits.js';

/** What a header is made of. An int64 is a bigint, every other number a number, so both come back as what they were. */
export type HeaderValue = number | bigint | string | boolean | null;

/** A header that was read: its values, and where the contents start in the envelope. */
export interface Opened {
  readonly values: readonly unknown[];
  readonly contentAt: number;
}

const LENGTH_BYTES = 4;
/** No message has more values than a grant of the most items, each with the most ackers. Bounds what a small header makes us allocate. */
const MAX_HEADER_VALUES = 2 + limits.maxItemsPerMessage * (8 + limits.maxNodes);
/** Strings and bigints take far more memory than bytes on the wire. No message has more of them than `members` with every url. */
const MAX_BOXED_VALUES = 2 + limits.maxNodes * (1 + limits.maxUrlsPerMember);

// Two objects without shared structures: one Packr that both packed and unpacked with them has corrupted what it decoded.
const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false });

/** The length and the msgpack array of `values` as one part. Later calls leave its bytes alone. */
export function sealHeader(values: readonly HeaderValue[]): Uint8Array {
  const header: Uint8Array = packr.pack(values, RESERVE_START_SPACE | LENGTH_BYTES);
  const length = header.length - LENGTH_BYTES;
  if (length > limits.maxHeaderBytes) {
    throw new InvariantError(`a header of ${length} bytes was built, the limit is ${limits.maxHeaderBytes}: split the message`);
  }
  header[0] = length & 0xff;
  header[1] = (length >>> 8) & 0xff;
  header[2] = (length >>> 16) & 0xff;
  header[3] = length >>> 24;
  return header;
}

/** Reads the header of an envelope, or says why it cannot be one. */
export function openHeader(bytes: Uint8Array): Opened | string {
  if (bytes.length > limits.maxEnvelopeBytes) return `${bytes.length} bytes, the limit of an envelope is ${limits.maxEnvelopeBytes}`;
  if (bytes.length < LENGTH_BYTES) return `${bytes.length} bytes are too few for an envelope`;
  const length = (byte(bytes, 0) | (byte(bytes, 1) << 8) | (byte(bytes, 2) << 16) | (byte(bytes, 3) << 24)) >>> 0;
  if (length > limits.maxHeaderBytes) return `a header of ${length} bytes, the limit is ${limits.maxHeaderBytes}`;
  const end = LENGTH_BYTES + length;
  if (end > bytes.length) return `a header of ${length} bytes is declared, ${bytes.length - LENGTH_BYTES} bytes follow`;
  const flaw = checkHeader(bytes, end);
  if (flaw !== undefined) return flaw;
  try {
    const values: unknown = unpackr.unpack(bytes, { start: LENGTH_BYTES, end });
    return Array.isArray(values) ? { values, contentAt: end } : 'the header is not an array';
  } catch (error) {
    return `the header is not msgpack: ${error instanceof Error ? error.message : 'unknown error'}`;
  }
}

// Positions and sizes are made with shifts, not products: V8 keeps those as small integers, where a product becomes a double on the heap.
const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;

const INT64 = 0xd3;
const STR8 = 0xd9;
const STR16 = 0xda;

/** Bytes of a value by its first one (https://github.com/msgpack/msgpack/blob/master/spec.md), 0 where a header may not have it. */
const valueBytes = new Uint8Array(256);
valueBytes.fill(1, 0x00, 0x80); // small integers
valueBytes.fill(1, 0xe0, 0x100); // small negative integers
for (let length = 0; length < 32; length++) valueBytes[0xa0 + length] = 1 + length; // short strings
for (const [token, size] of [
  [0xc0, 1], // nil
  [0xc2, 1], // false
  [0xc3, 1], // true
  [0xcb, 9], // float 64
  [0xcc, 2], // uint 8, 16, 32
  [0xcd, 3],
  [0xce, 5],
  [0xd0, 2], // int 8, 16, 32, 64
  [0xd1, 3],
  [0xd2, 5],
  [INT64, 9],
] as const) {
  valueBytes[token] = size;
}

/**
 * Says what is wrong with the header at `[4, end)`, if anything. It must be one flat array of scalars: msgpack's nesting, maps, binaries and
 * extensions (for which msgpackr compiles code and allocates far more than it reads) never reach the unpacker.
 */
function checkHeader(bytes: Uint8Array, end: number): string | undefined {
  let at = LENGTH_BYTES;
  if (at >= end) return 'the header is empty';
  const token = byte(bytes, at);
  let count: number;
  if (token >= 0x90 && token < 0xa0) {
    count = token & 0x0f;
    at += 1;
  } else if (token === 0xdc && at + 3 <= end) {
    count = (byte(bytes, at + 1) << 8) | byte(bytes, at + 2);
    at += 3;
  } else {
    return `the header starts with 0x${token.toString(16)}, which is not an array of less than 65536 values`;
  }
  if (count > MAX_HEADER_VALUES) return `the header declares ${count} values, no message has more than ${MAX_HEADER_VALUES}`;
  const bad = firstBadValue(bytes, at, end, count);
  return bad === undefined ? undefined : describeBadValue(bytes, bad, end, count);
}

/** Where the walk over `count` values stopped, if it did not end at `end`. */
interface BadValue {
  readonly index: number;
  readonly at: number;
}

// Says where, not what: text built in the loop from its counter is computed in every round once V8 has optimized it.
function firstBadValue(bytes: Uint8Array, start: number, end: number, count: number): BadValue | undefined {
  let at = start;
  let boxed = 0;
  let index = 0;
  for (; index < count && at < end; index++) {
    const size = sizeAt(bytes, at);
    if (size === 0 || at + size > end) break;
    if (isBoxed(byte(bytes, at)) && ++boxed > MAX_BOXED_VALUES) break;
    at += size;
  }
  return index === count && at === end ? undefined : { index, at };
}

function describeBadValue(bytes: Uint8Array, { index, at }: BadValue, end: number, count: number): string {
  if (index === count) return `${end - at} bytes follow the last value of the header`;
  if (at === end) return `the header ends before value ${index} of ${count}`;
  const size = sizeAt(bytes, at);
  if (size === 0) return `value ${index} of the header starts with 0x${byte(bytes, at).toString(16)}, which is not a scalar`;
  if (at + size > end) return `the header ends inside value ${index}`;
  return `the header has more than ${MAX_BOXED_VALUES} strings and bigints`;
}

const isBoxed = (token: number): boolean => (token >= 0xa0 && token < 0xc0) || token === INT64 || token === STR8 || token === STR16;

function sizeAt(bytes: Uint8Array, at: number): number {
  const token = byte(bytes, at);
  if (token === STR8) return 2 + byte(bytes, at + 1);
  if (token === STR16) return 3 + ((byte(bytes, at + 1) << 8) | byte(bytes, at + 2));
  return valueBytes[token] ?? 0;
}
