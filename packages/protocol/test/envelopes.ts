import { isDeepStrictEqual } from 'node:util';
import { Packr } from 'msgpackr';
import { type Decoded, decodeMessage, encodeMessage } from '../src/codec.js';
import type { Message } from '../src/messages.js';

const packr = new Packr({ useRecords: false });

/** One buffer of its own, as a transport delivers it. */
export const join = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
export const envelopeOf = (message: Message): Uint8Array => join(encodeMessage(message));

/** An envelope with these header bytes and contents, right or wrong. */
export function rawEnvelope(header: Iterable<number>, contents: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = Uint8Array.from(header);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length, true);
  return join([length, bytes, contents]);
}

/** An envelope whose header is an array of `values`. */
export const valuesEnvelope = (values: readonly unknown[], contents?: Uint8Array): Uint8Array => rawEnvelope(packr.pack(values), contents);

/** The values of the header of a valid envelope, and its contents. */
export function openEnvelope(envelope: Uint8Array): { values: unknown[]; contents: Uint8Array } {
  const end = 4 + new DataView(envelope.buffer, envelope.byteOffset).getUint32(0, true);
  return { values: packr.unpack(envelope.subarray(4, end)), contents: envelope.subarray(end) };
}

/** Why the bytes were refused. */
export function refusal(bytes: Uint8Array): string {
  const decoded = decodeMessage(bytes);
  if (decoded.ok) throw new Error(`decoded as ${decoded.message.kind}`);
  return decoded.reason;
}

/** The message in the bytes. */
export function accepted(bytes: Uint8Array): Message {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) throw new Error(`refused: ${decoded.reason}`);
  return decoded.message;
}

/** True for a refusal with a reason fit for a log line, and for a message that survives another trip. */
export function isSound(decoded: Decoded): boolean {
  if (!decoded.ok) return decoded.reason.length > 0 && decoded.reason.length < 400;
  const again = decodeMessage(envelopeOf(decoded.message));
  return again.ok && isDeepStrictEqual(again.message, decoded.message);
}
