import type { Socket } from 'node:net';

/** Bytes that may be on their way at once: what comes faster than it may go waits in the sender's socket, as on a real network. */
const maxLateBytes = 1024 * 1024;
/** What trickles arrives in bits of at most this many bytes, so that messages come apart at any place. */
const dripBytes = 512;

/** How bytes are held up: each piece waits `delayMs` and up to `jitterMs` more, and at most `bytesPerSecond` pass. */
export interface Slowness {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
}

/** One direction of a connection: bytes leave in the order in which they came, some of them late. */
export class LateBytes {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #late: { due: number; readonly bytes: Buffer }[] = [];
  readonly #emptied: () => void;
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastDue = 0;

  /** `emptied` is called whenever the last late byte has left. */
  constructor(from: Socket, to: Socket, emptied: () => void) {
    this.#from = from;
    this.#to = to;
    this.#emptied = emptied;
    to.on('drain', () => this.#unblock());
  }

  get isEmpty(): boolean {
    return this.#late.length === 0;
  }

  /** Passes bytes on. True when they have to wait. */
  push(bytes: Buffer, { delayMs, jitterMs, bytesPerSecond }: Slowness): boolean {
    if (delayMs === 0 && jitterMs === 0 && bytesPerSecond === Number.POSITIVE_INFINITY && this.isEmpty) {
      if (!this.#to.write(bytes)) this.#from.pause();
      return false;
    }
    const arrival = performance.now() + delayMs + Math.random() * jitterMs;
    const step = bytesPerSecond === Number.POSITIVE_INFINITY ? bytes.length : dripBytes;
    for (let at = 0; at < bytes.length; at += step) {
      const bit = bytes.subarray(at, at + step);
      this.#lastDue = Math.max(arrival, this.#lastDue) + (1000 * bit.length) / bytesPerSecond;
      this.#late.push({ due: this.#lastDue, bytes: bit });
    }
    this.#waiting += bytes.length;
    if (this.#waiting > maxLateBytes) this.#from.pause();
    this.#deliver();
    return true;
  }

  /** Nothing that is late already waits longer than `delayMs` from now. */
  hasten(delayMs: number): void {
    const latest = performance.now() + delayMs;
    for (const piece of this.#late) piece.due = Math.min(piece.due, latest);
    this.#lastDue = Math.min(this.#lastDue, latest);
    this.#deliver();
  }

  /** What is late will never arrive. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#late.length = 0;
    this.#waiting = 0;
  }

  #deliver(): void {
    clearTimeout(this.#timer);
    for (let next = this.#late[0]; next !== undefined; next = this.#late[0]) {
      const wait = next.due - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#deliver(), wait);
        return;
      }
      this.#late.shift();
      this.#waiting -= next.bytes.length;
      if (!this.#to.destroyed) this.#to.write(next.bytes);
    }
    this.#unblock();
    this.#emptied();
  }

  #unblock(): void {
    if (this.#waiting <= maxLateBytes && !this.#to.writableNeedDrain && this.#from.isPaused()) this.#from.resume();
  }
}
