import type { LinkOptions } from './link.js';

/** When the peer was last heard and when it was last sent anything, at the grain of the pulse. */
export class Liveness {
  readonly #options: Pick<LinkOptions, 'heartbeatMs' | 'silenceMs'>;
  #heardBytes = 0;
  #heardAt = 0;
  #sentAt = 0;
  #sentSinceBeat = false;

  constructor(options: Pick<LinkOptions, 'heartbeatMs' | 'silenceMs'>) {
    this.#options = options;
  }

  /** A new connection is up; it has brought `receivedBytes` so far. */
  restart(receivedBytes: number, now: number): void {
    this.#heardBytes = receivedBytes;
    this.#heardAt = now;
    this.#sentAt = now;
    this.#sentSinceBeat = false;
  }

  /** Something was sent. Costs no look at the clock: the next beat gives it its time. */
  noteSent(): void {
    this.#sentSinceBeat = true;
  }

  /** Whether the connection counts as half-open. Bytes of an unfinished message are life too; who does not read cannot judge. */
  isSilent(receivedBytes: number, paused: boolean, now: number): boolean {
    if (receivedBytes !== this.#heardBytes || paused) {
      this.#heardBytes = receivedBytes;
      this.#heardAt = now;
    }
    return now - this.#heardAt > this.#options.silenceMs;
  }

  isHeartbeatDue(now: number): boolean {
    if (this.#sentSinceBeat) this.#sentAt = now;
    this.#sentSinceBeat = false;
    return now - this.#sentAt >= this.#options.heartbeatMs;
  }
}
