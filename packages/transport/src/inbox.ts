import { DATA_HEADER_BYTES, ENVELOPE_HEADER_BYTES, readSequence } from './wire.js';

/** A data message that passed every check, or why it did not. */
export type Admission = { readonly ok: true; readonly acknowledged: number } | { readonly ok: false; readonly reason: string };

const no = (reason: string): Admission => ({ ok: false, reason });

/**
 * The receiving half of a link: admits each data message once and in order, and hands out its envelopes one by one, so that delivery can
 * stop in the middle of a message. At most one message is open at a time.
 */
export class Inbox {
  readonly #maxEnvelopeBytes: number;
  #received = 0;
  #message: Buffer | undefined;
  #at = 0;
  #unacknowledgedBytes = 0;

  constructor(maxEnvelopeBytes: number) {
    this.#maxEnvelopeBytes = maxEnvelopeBytes;
  }

  /** Sequence of the last message admitted: where a new connection must go on. */
  get received(): number {
    return this.#received;
  }

  /** Sequence of the last message whose envelopes have all been handed out: what is acknowledged. */
  get delivered(): number {
    return this.#message === undefined ? this.#received : this.#received - 1;
  }

  /** A message is open: its envelopes must be handed out before another is admitted. */
  get isBusy(): boolean {
    return this.#message !== undefined;
  }

  /** Bytes delivered since `noteAcknowledged`. */
  get unacknowledgedBytes(): number {
    return this.#unacknowledgedBytes;
  }

  noteAcknowledged(): void {
    this.#unacknowledgedBytes = 0;
  }

  /** Checks a data message from end to end before any of it is handed out. Never throws. */
  admit(message: Buffer): Admission {
    if (message.length < DATA_HEADER_BYTES) return no('a data message that ends early');
    const sequence = readSequence(message, 1);
    if (sequence !== this.#received + 1) return no(`data message ${sequence} where ${this.#received + 1} was due`);
    const acknowledged = readSequence(message, 9);
    if (acknowledged < 0) return no('a bad acknowledgement');
    let at = DATA_HEADER_BYTES;
    while (at < message.length) {
      if (at + ENVELOPE_HEADER_BYTES > message.length) return no('an envelope that ends early');
      const length = message.readUInt32LE(at);
      if (length > this.#maxEnvelopeBytes) return no(`an envelope of ${length} bytes; the limit is ${this.#maxEnvelopeBytes}`);
      at += ENVELOPE_HEADER_BYTES + length;
    }
    if (at !== message.length || at === DATA_HEADER_BYTES) return no('envelopes that do not fill their message');
    this.#received = sequence;
    this.#message = message;
    this.#at = DATA_HEADER_BYTES;
    return { ok: true, acknowledged };
  }

  /** The next envelope of the open message; undefined after the last, which closes it. */
  next(): Buffer | undefined {
    const message = this.#message;
    if (message === undefined) return undefined;
    if (this.#at === message.length) {
      this.#unacknowledgedBytes += message.length;
      this.#message = undefined;
      return undefined;
    }
    const start = this.#at + ENVELOPE_HEADER_BYTES;
    const end = start + message.readUInt32LE(this.#at);
    this.#at = end;
    return message.subarray(start, end);
  }

  /** Counts the rest of the open message as delivered. */
  discard(): void {
    if (this.#message !== undefined) this.#at = this.#message.length;
    this.next();
  }
}
