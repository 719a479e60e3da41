import { Reader, show, Writer } from './codec/cursors.js';
import { openHeader, sealHeader } from './codec/envelope.js';
import { type Row, rows } from './codec/rows.js';
import { InvariantError } from './errors.js';
import { limits } from './limits.js';
import type { FrameRef, Message, MessageKind } from './messages.js';

/** A message, or why the bytes are none. */
export type Decoded = { readonly ok: true; readonly message: Message } | { readonly ok: false; readonly reason: string };

// Each kind's row takes only its own messages; seen through `kind`, which picked the row, it takes any. This is sound only because every
// lookup below uses the message's own kind.
const byKind: Readonly<Record<MessageKind, Row>> = rows;

interface Named extends Row {
  readonly kind: string;
}
const byCode: (Named | undefined)[] = [];
for (const [kind, row] of Object.entries(byKind)) {
  if (byCode[row.code] !== undefined) throw new InvariantError(`messages ${byCode[row.code]?.kind} and ${kind} share code ${row.code}`);
  byCode[row.code] = { kind, ...row };
}

/**
 * Encodes a message as the parts of one envelope: `[u32 LE header length, header]`, then its contents in order, which are not copied.
 * The header is a flat msgpack array: the code of the kind, then its fields; for each content it holds nil (absent), −1 (zeros) or a length.
 *
 * @param resolve reads the bytes of a {@link FrameRef}; called once for each, in order.
 * @throws InvariantError where a value is one that `decodeMessage` refuses, or a limit is passed: the caller built a wrong message.
 */
export function encodeMessage(message: Message, resolve?: (ref: FrameRef) => Uint8Array): Uint8Array[] {
  const row = byKind[message.kind];
  const out = new Writer(resolve);
  out.put(row.code);
  row.message.write(out, message);
  const header = sealHeader(out.values);
  const total = header.length + out.contentBytes;
  if (total > limits.maxEnvelopeBytes) {
    throw new InvariantError(`${message.kind} of ${total} bytes, the limit of an envelope is ${limits.maxEnvelopeBytes}: split it`);
  }
  return out.contents.length === 0 ? [header] : [header, ...out.contents];
}

/**
 * Decodes one envelope. Bytes that are not a message are refused with a reason; nothing is thrown, whatever they are, and no more is
 * allocated than twice the largest envelope. Contents of the message alias `bytes`: whoever keeps them copies them.
 */
export function decodeMessage(bytes: Uint8Array): Decoded {
  const opened = openHeader(bytes);
  if (typeof opened === 'string') return { ok: false, reason: opened };
  const [code] = opened.values;
  const row = typeof code === 'number' ? byCode[code] : undefined;
  if (row === undefined) return { ok: false, reason: `no kind of message has the code ${show(code)}` };
  const input = new Reader(opened.values, bytes, opened.contentAt);
  const message = row.message.read(input);
  const flaw = input.flaw();
  return flaw === undefined ? { ok: true, message } : { ok: false, reason: `${row.kind}: ${flaw}` };
}
