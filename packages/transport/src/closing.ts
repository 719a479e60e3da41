import type { LinkEnd } from './link.js';

/** A `close` under way: what the peer is told, and who waits for it. */
export class Closing {
  readonly end: LinkEnd;
  readonly done: Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #resolve: () => void = () => {};

  constructor(end: LinkEnd, timeoutMs: number, expired: () => void) {
    this.end = end;
    this.#timer = setTimeout(expired, timeoutMs);
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The link is over: the timer is not needed any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  finish(): void {
    this.#resolve();
  }
}
