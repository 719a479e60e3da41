import { type ErrorCode, isErrorCode, PROTOCOL_VERSION } from '@pagewire/protocol';
import { decodeAttributes, encodeAttributes } from './attributes.js';
import type { Attributes, LinkEnd } from './link.js';
import { transportLimits } from './link-defaults.js';

/**
 * The messages of a channel. Integers are little-endian; a sequence number is 64 bits wide and at most 2^53 - 1.
 *
 * | message | byte 0 | then |
 * |---|---|---|
 * | hello   | 1 | magic u32, version u16, flags u8 (1: had a welcome before), session 16 bytes, received u64, attributes |
 * | welcome | 2 | magic u32, version u16, flags u8 (1: resumed), received u64, attributes |
 * | refuse  | 3 | magic u32, version u16, code (u8 length, ASCII), reason (u16 length, UTF-8); the same in every version |
 * | data    | 4 | sequence u64, acknowledged u64, then envelopes, each u32 length and bytes; at least one |
 * | ack     | 5 | acknowledged u64; also the heartbeat |
 * | bye     | 6 | code (u8 length, ASCII), reason (u16 length, UTF-8) |
 */
export const wireKind = { hello: 1, welcome: 2, refuse: 3, data: 4, ack: 5, bye: 6 } as const;

/** `PGWR`, read as a little-endian number. */
const MAGIC = 0x52574750;
export const SESSION_BYTES = 16;
export const DATA_HEADER_BYTES = 17;
export const ENVELOPE_HEADER_BYTES = 4;

const OPENING_BYTES = 8;
const HELLO_BYTES = OPENING_BYTES + SESSION_BYTES + 8;
const WELCOME_BYTES = OPENING_BYTES + 8;

/** The first message of a dialer. */
export interface Hello {
  readonly session: Buffer;
  /** The dialer has been welcomed in this session before: an acceptor that does not know it must refuse. */
  readonly established: boolean;
  /** Sequence of the last data message received in this session. */
  readonly received: number;
  readonly attributes: Attributes;
}

/** The acceptor's answer. */
export interface Welcome {
  readonly resumed: boolean;
  readonly received: number;
  readonly attributes: Attributes;
}

/** What a first message turned out to be. `version` names a peer whose further bytes this build cannot read. */
export type Opening =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'welcome'; readonly welcome: Welcome }
  | { readonly kind: 'refuse'; readonly end: LinkEnd }
  | { readonly kind: 'other-version'; readonly version: number }
  | { readonly kind: 'bad'; readonly reason: string };

const bad = (reason: string): Opening => ({ kind: 'bad', reason });

/** Writes a sequence number at `at`. */
export function writeSequence(bytes: Buffer, sequence: number, at: number): void {
  bytes.writeUInt32LE(sequence >>> 0, at);
  bytes.writeUInt32LE(Math.floor(sequence / 0x1_0000_0000), at + 4);
}

/** Reads the sequence number at `at`; -1 where it is not one. */
export function readSequence(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32LE(at + 4);
  return high > 0x1f_ffff ? -1 : high * 0x1_0000_0000 + bytes.readUInt32LE(at);
}

function opening(kind: number, flags: number, length: number, version: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes[0] = kind;
  bytes.writeUInt32LE(MAGIC, 1);
  bytes.writeUInt16LE(version, 5);
  bytes[7] = flags;
  return bytes;
}

/** @throws PagewireError `bad-argument` when the attributes are too many or too large */
export function encodeHello(hello: Hello, version: number = PROTOCOL_VERSION): Buffer {
  const head = opening(wireKind.hello, hello.established ? 1 : 0, HELLO_BYTES, version);
  hello.session.copy(head, OPENING_BYTES);
  writeSequence(head, hello.received, OPENING_BYTES + SESSION_BYTES);
  return Buffer.concat([head, encodeAttributes(hello.attributes)]);
}

/** @throws PagewireError `bad-argument` when the attributes are too many or too large */
export function encodeWelcome(welcome: Welcome, version: number = PROTOCOL_VERSION): Buffer {
  const head = opening(wireKind.welcome, welcome.resumed ? 1 : 0, WELCOME_BYTES, version);
  writeSequence(head, welcome.received, OPENING_BYTES);
  return Buffer.concat([head, encodeAttributes(welcome.attributes)]);
}

export function encodeRefuse(end: LinkEnd, version: number = PROTOCOL_VERSION): Buffer {
  return Buffer.concat([opening(wireKind.refuse, 0, OPENING_BYTES - 1, version), encodeEnd(end)]);
}

export function encodeBye(end: LinkEnd): Buffer {
  return Buffer.concat([Buffer.of(wireKind.bye), encodeEnd(end)]);
}

export function encodeAck(acknowledged: number): Buffer {
  const bytes = Buffer.allocUnsafe(9);
  bytes[0] = wireKind.ack;
  writeSequence(bytes, acknowledged, 1);
  return bytes;
}

/** Decodes the first message of either side. Never throws. */
export function decodeOpening(bytes: Buffer): Opening {
  if (bytes.length < OPENING_BYTES || bytes.readUInt32LE(1) !== MAGIC) return bad('the first message is not a pagewire handshake');
  const version = bytes.readUInt16LE(5);
  const kind = bytes.readUInt8(0);
  if (kind === wireKind.refuse) {
    const end = decodeEnd(bytes.subarray(OPENING_BYTES - 1));
    return end === undefined ? bad('a refusal that cannot be read') : { kind: 'refuse', end };
  }
  if (version !== PROTOCOL_VERSION) return { kind: 'other-version', version };
  const flags = bytes.readUInt8(7);
  if (flags > 1) return bad('unknown handshake flags');
  if (kind === wireKind.hello) return decodeHello(bytes, flags === 1);
  if (kind === wireKind.welcome) return decodeWelcome(bytes, flags === 1);
  return bad(`message ${kind} cannot open a connection`);
}

function decodeHello(bytes: Buffer, established: boolean): Opening {
  if (bytes.length < HELLO_BYTES) return bad('a hello that ends early');
  const received = readSequence(bytes, OPENING_BYTES + SESSION_BYTES);
  const attributes = decodeAttributes(bytes.subarray(HELLO_BYTES));
  if (received < 0 || attributes === undefined) return bad('a hello with a bad sequence number or bad attributes');
  const session = Buffer.from(bytes.subarray(OPENING_BYTES, OPENING_BYTES + SESSION_BYTES));
  return { kind: 'hello', hello: { session, established, received, attributes } };
}

function decodeWelcome(bytes: Buffer, resumed: boolean): Opening {
  if (bytes.length < WELCOME_BYTES) return bad('a welcome that ends early');
  const received = readSequence(bytes, OPENING_BYTES);
  const attributes = decodeAttributes(bytes.subarray(WELCOME_BYTES));
  if (received < 0 || attributes === undefined) return bad('a welcome with a bad sequence number or bad attributes');
  return { kind: 'welcome', welcome: { resumed, received, attributes } };
}

/** Decodes a goodbye; undefined where it is malformed. */
export function decodeBye(bytes: Buffer): LinkEnd | undefined {
  return decodeEnd(bytes.subarray(1));
}

function encodeEnd(end: LinkEnd): Buffer {
  const code = Buffer.from(end.code, 'latin1');
  const reason = cutText(end.reason);
  const lengths = Buffer.alloc(2);
  lengths.writeUInt16LE(reason.length, 0);
  return Buffer.concat([Buffer.of(code.length), code, lengths, reason]);
}

/** UTF-8 of `text`, cut between characters where it is over the limit. */
function cutText(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length <= transportLimits.maxReasonBytes) return bytes;
  let end: number = transportLimits.maxReasonBytes;
  while (end > 0 && (bytes.readUInt8(end) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

function decodeEnd(bytes: Buffer): LinkEnd | undefined {
  if (bytes.length < 3) return undefined;
  const codeEnd = 1 + bytes.readUInt8(0);
  if (codeEnd + 2 > bytes.length) return undefined;
  const code: string = bytes.toString('latin1', 1, codeEnd);
  const reasonBytes = bytes.readUInt16LE(codeEnd);
  if (!isErrorCode(code) || reasonBytes > transportLimits.maxReasonBytes || codeEnd + 2 + reasonBytes !== bytes.length) return undefined;
  return { code, reason: bytes.toString('utf8', codeEnd + 2) };
}

/** How a version mismatch is told, by either side. */
export function versionMismatch(theirs: number): { readonly code: ErrorCode; readonly reason: string } {
  return {
    code: 'version-mismatch',
    reason: `one side speaks protocol version ${PROTOCOL_VERSION}, the other version ${theirs}: run the same pagewire release on both`,
  };
}

/** The longest message that a link with these options sends or accepts. */
export function maxMessageBytes(options: { readonly maxBatchBytes: number; readonly maxEnvelopeBytes: number }): number {
  return Math.max(options.maxBatchBytes, options.maxEnvelopeBytes + DATA_HEADER_BYTES + ENVELOPE_HEADER_BYTES);
}
