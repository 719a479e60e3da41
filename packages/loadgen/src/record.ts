import { crc32 } from './crc32.js';

/** The smallest record: five header words, a checksum and a little payload. */
export const minRecordBytes = 32;

const MAGIC = 0x50574c52;
const HEADER_BYTES = 20;
const CHECKSUM_BYTES = 4;

/** What a record says about itself. All fields are uint32. */
export interface RecordStamp {
  /** The run that wrote it, so that what an earlier run left behind is never taken for ours. */
  readonly run: number;
  readonly key: number;
  /** Who wrote it: 0 is the load phase, client i is i + 1. */
  readonly writer: number;
  /** The how-manieth write of that writer this is, from 1. */
  readonly sequence: number;
}

/** What a slot of the region holds. */
export type Decoded =
  | { readonly kind: 'record'; readonly stamp: RecordStamp }
  | { readonly kind: 'absent' }
  | { readonly kind: 'corrupt'; readonly reason: string };

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Writes the record for `stamp` over the whole of `slot`:
 *
 * | bytes | content (little-endian) |
 * |---|---|
 * | 0–3 | magic |
 * | 4–19 | run, key, writer, sequence |
 * | 20–(n-5) | payload: a xorshift32 sequence that starts from a mix of the stamp, so that no two records share their bytes |
 * | (n-4)–(n-1) | CRC-32 of everything before it |
 */
export function encodeRecord(slot: Uint8Array, stamp: RecordStamp): void {
  const view = viewOf(slot);
  const end = slot.length - CHECKSUM_BYTES;
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, stamp.run, true);
  view.setUint32(8, stamp.key, true);
  view.setUint32(12, stamp.writer, true);
  view.setUint32(16, stamp.sequence, true);
  let word =
    Math.imul(stamp.key ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stamp.writer + 1, 0xc2b2ae35) ^ Math.imul(stamp.sequence, 0x27d4eb2f) || 1;
  let at = HEADER_BYTES;
  for (; at + 4 <= end; at += 4) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    view.setInt32(at, word, true);
  }
  for (; at < end; at++) view.setUint8(at, word >>> (8 * (at % 4)));
  view.setUint32(end, crc32(slot.subarray(0, end)), true);
}

/** Reads a slot. Any bytes are answered with a value; nothing is thrown. */
export function decodeRecord(slot: Uint8Array): Decoded {
  if (slot.length < minRecordBytes) return { kind: 'corrupt', reason: `has ${slot.length} bytes, too few for a record` };
  const view = viewOf(slot);
  const magic = view.getUint32(0, true);
  if (magic === 0 && slot.every((byte) => byte === 0)) return { kind: 'absent' };
  if (magic !== MAGIC) return { kind: 'corrupt', reason: `starts with 0x${magic.toString(16)}, which no record does` };
  const stamp = {
    run: view.getUint32(4, true),
    key: view.getUint32(8, true),
    writer: view.getUint32(12, true),
    sequence: view.getUint32(16, true),
  };
  const end = slot.length - CHECKSUM_BYTES;
  const stored = view.getUint32(end, true);
  const computed = crc32(slot.subarray(0, end));
  if (stored === computed) return { kind: 'record', stamp };
  const claim = `says key ${stamp.key}, writer ${stamp.writer}, sequence ${stamp.sequence}`;
  return {
    kind: 'corrupt',
    reason: `${claim}, but its checksum is 0x${computed.toString(16)}, not 0x${stored.toString(16)}: torn or corrupt`,
  };
}
