import { PagewireError } from '@pagewire/protocol';
import type { Attributes } from './link.js';
import { transportLimits } from './link-defaults.js';

const TEXT = 0;
const NUMBER = 1;

/**
 * Encodes attributes: a count byte, then for each a key (length byte, UTF-8), a type byte, and the value: text as a 16-bit length and
 * UTF-8, or a number as 64-bit IEEE 754. Little-endian.
 * @throws PagewireError `bad-argument` past 16 entries or 2 KiB
 */
export function encodeAttributes(attributes: Attributes): Buffer {
  const entries = Object.entries(attributes);
  if (entries.length > transportLimits.maxAttributes) {
    throw new PagewireError('bad-argument', `${entries.length} handshake attributes; at most ${transportLimits.maxAttributes} fit`);
  }
  const parts: Buffer[] = [Buffer.of(entries.length)];
  for (const [key, value] of entries) parts.push(encodeKey(key), encodeValue(key, value));
  const bytes = Buffer.concat(parts);
  if (bytes.length > transportLimits.maxAttributesBytes) {
    throw new PagewireError(
      'bad-argument',
      `handshake attributes take ${bytes.length} bytes; at most ${transportLimits.maxAttributesBytes} fit`,
    );
  }
  return bytes;
}

function encodeKey(key: string): Buffer {
  const text = Buffer.from(key);
  if (text.length === 0 || text.length > 255) {
    throw new PagewireError('bad-argument', `handshake attribute name '${key.slice(0, 32)}' must be 1 to 255 bytes long`);
  }
  return Buffer.concat([Buffer.of(text.length), text]);
}

function encodeValue(key: string, value: string | number): Buffer {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes[0] = NUMBER;
    bytes.writeDoubleLE(value, 1);
    return bytes;
  }
  if (typeof value !== 'string') throw new PagewireError('bad-argument', `handshake attribute '${key}' is neither text nor a number`);
  const text = Buffer.from(value);
  if (text.length > transportLimits.maxAttributesBytes) {
    throw new PagewireError(
      'bad-argument',
      `handshake attribute '${key}' takes ${text.length} bytes; all together have ${transportLimits.maxAttributesBytes}`,
    );
  }
  const head = Buffer.alloc(3);
  head[0] = TEXT;
  head.writeUInt16LE(text.length, 1);
  return Buffer.concat([head, text]);
}

/** Decodes the attributes that fill `bytes` to its end; undefined where they do not. */
export function decodeAttributes(bytes: Buffer): Attributes | undefined {
  if (bytes.length < 1 || bytes.length > transportLimits.maxAttributesBytes) return undefined;
  const count = bytes.readUInt8(0);
  if (count > transportLimits.maxAttributes) return undefined;
  const entries = new Map<string, string | number>();
  let at = 1;
  for (let i = 0; i < count; i++) {
    if (at >= bytes.length) return undefined;
    const keyEnd = at + 1 + bytes.readUInt8(at);
    if (keyEnd >= bytes.length) return undefined;
    const key = bytes.toString('utf8', at + 1, keyEnd);
    const type = bytes.readUInt8(keyEnd);
    at = keyEnd + 1;
    if (key === '' || entries.has(key)) return undefined;
    if (type === NUMBER && at + 8 <= bytes.length) {
      entries.set(key, bytes.readDoubleLE(at));
      at += 8;
    } else if (type === TEXT && at + 2 <= bytes.length && at + 2 + bytes.readUInt16LE(at) <= bytes.length) {
      const end = at + 2 + bytes.readUInt16LE(at);
      entries.set(key, bytes.toString('utf8', at + 2, end));
      at = end;
    } else {
      return undefined;
    }
  }
  return at === bytes.length ? Object.fromEntries(entries) : undefined;
}
