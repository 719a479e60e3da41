import { invariant } from '@pagewire/protocol';
import { DATA_HEADER_BYTES, ENVELOPE_HEADER_BYTES, wireKind, writeSequence } from './wire.js';

const SLAB_BYTES = 64 * 1024;
const NONE = -1;
const EMPTY = Buffer.alloc(0);
/** Acknowledged batches are cut off the front of the queue in groups, so that each costs O(1). */
const TRIM = 64;

/**
 * The sending half of a link: envelopes are copied once, into the batch being filled, and batches are kept until the peer acknowledges
 * them, so that a new connection can send them again. Batches are slices of slabs, and end where their slab ends; a slab is used again
 * once nothing in it is pending.
 *
 * Batch `n` is the data message with sequence `n`. acknowledged <= sent <= sealed.
 */
export class Outbox {
  readonly #batchLimit: number;
  #slab = EMPTY;
  #cursor = 0;
  /** Where the batch being filled starts in the slab. */
  #start = NONE;
  /** Sealed batches `#acknowledged + 1` to `#sealed`, from `#head` on. */
  #batches: Buffer[] = [];
  #head = 0;
  #acknowledged = 0;
  /** Last batch given to the present connection. */
  #sent = 0;
  /** Last batch given to any connection: what the peer may know of. */
  #highestSent = 0;
  #sealed = 0;
  #bufferedBytes = 0;

  /** @param batchLimit bytes of one data message; an envelope that needs more gets a message of its own */
  constructor(batchLimit: number) {
    this.#batchLimit = batchLimit;
  }

  /** Bytes of all messages that are not acknowledged, the unsent ones included. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Everything given to `append` has been given to the present connection. */
  get allSent(): boolean {
    return this.#start === NONE && this.#sent === this.#sealed;
  }

  get isEmpty(): boolean {
    return this.#start === NONE && this.#acknowledged === this.#sealed;
  }

  /** Copies an envelope of `length` bytes, given in parts, into the batch being filled. */
  append(parts: readonly Uint8Array[], length: number): void {
    const need = ENVELOPE_HEADER_BYTES + length;
    if (this.#start !== NONE && this.#cursor + need > Math.min(this.#start + this.#batchLimit, this.#slab.length)) this.#seal();
    if (this.#start === NONE) this.#begin(need);
    this.#slab.writeUInt32LE(length, this.#cursor);
    let at = this.#cursor + ENVELOPE_HEADER_BYTES;
    for (const part of parts) {
      this.#slab.set(part, at);
      at += part.length;
    }
    this.#cursor = at;
    this.#bufferedBytes += need;
  }

  /** The next batch for the present connection, carrying `acknowledge`; undefined when all have been given out. */
  next(acknowledge: number): Buffer | undefined {
    if (this.#sent === this.#sealed) {
      if (this.#start === NONE) return undefined;
      this.#seal();
    }
    const batch = this.#batches[this.#head + this.#sent - this.#acknowledged];
    invariant(batch !== undefined, `batch ${this.#sent + 1} is not kept; acknowledged ${this.#acknowledged}, sealed ${this.#sealed}`);
    this.#sent++;
    if (this.#sent > this.#highestSent) this.#highestSent = this.#sent;
    writeSequence(batch, acknowledge, 9);
    return batch;
  }

  /** Whether a peer can have received batches up to `sequence` and miss the rest. */
  mayHaveReceived(sequence: number): boolean {
    return sequence >= this.#acknowledged && sequence <= this.#highestSent;
  }

  /** Forgets the batches up to `sequence`. False when it names one that was never sent; an old acknowledgement changes nothing. */
  acknowledge(sequence: number): boolean {
    if (sequence > this.#highestSent) return false;
    while (this.#acknowledged < sequence) {
      const batch = this.#batches[this.#head];
      invariant(batch !== undefined, `batch ${this.#acknowledged + 1} is not kept`);
      this.#batches[this.#head++] = EMPTY;
      this.#bufferedBytes -= batch.length;
      this.#acknowledged++;
    }
    if (this.#sent < this.#acknowledged) this.#sent = this.#acknowledged;
    this.#trim();
    return true;
  }

  /** A new connection is up and the peer has everything up to `received`: the rest will be given out again. */
  rewind(received: number): void {
    invariant(this.mayHaveReceived(received), `cannot rewind to ${received}`);
    this.acknowledge(received);
    this.#sent = this.#acknowledged;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#slab = EMPTY;
    this.#cursor = 0;
    this.#start = NONE;
    this.#batches = [];
    this.#head = 0;
    this.#acknowledged = this.#sent = this.#sealed;
    this.#bufferedBytes = 0;
  }

  #begin(need: number): void {
    const room = DATA_HEADER_BYTES + need;
    if (this.#slab.length - this.#cursor < room) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, this.#batchLimit, room));
      this.#cursor = 0;
    }
    this.#start = this.#cursor;
    this.#cursor += DATA_HEADER_BYTES;
    this.#bufferedBytes += DATA_HEADER_BYTES;
  }

  #seal(): void {
    const batch = this.#slab.subarray(this.#start, this.#cursor);
    this.#start = NONE;
    this.#sealed++;
    batch[0] = wireKind.data;
    writeSequence(batch, this.#sealed, 1);
    this.#batches.push(batch);
  }

  #trim(): void {
    if (this.#head === this.#batches.length) {
      this.#batches.length = 0;
      this.#head = 0;
      // What a peer has confirmed no connection needs any more, so the slab can be filled from the start again.
      if (this.#start === NONE) {
        this.#cursor = 0;
        if (this.#slab.length > Math.max(SLAB_BYTES, this.#batchLimit)) this.#slab = EMPTY;
      }
    } else if (this.#head >= TRIM && this.#head * 2 >= this.#batches.length) {
      this.#batches = this.#batches.slice(this.#head);
      this.#head = 0;
    }
  }
}
