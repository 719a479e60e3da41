import { PagewireError, type SyncRequest } from '@pagewire/protocol';

interface Waiting {
  readonly message: SyncRequest;
  /** The writes that it says were done, while they are under way. */
  readonly written: Promise<unknown> | undefined;
  /** When all that was written here before may be relied on. */
  readonly confirmed: Promise<void> | undefined;
}

export interface SendPorts {
  /** The writes that the program has begun and that have not ended; see `BegunWrites`. */
  written(): Promise<unknown> | undefined;
  /** See `ServiceHost.exposed`. */
  exposed(): Promise<void> | undefined;
  send(message: SyncRequest): void;
  /** Does what a promise led to. What it throws is a bug. */
  guard(work: () => void): void;
}

/** What tells others that this node has come to a point in its program. */
const published: ReadonlySet<SyncRequest['kind']> = new Set(['give-back', 'arrive', 'notify']);

/**
 * Requests about synchronization on their way out: in the order in which they were made, and none before everything that this node wrote until
 * then is confirmed (rule 7 of the protocol). Without, the next holder of a lock could miss a write of this one, if this node died now. Those that
 * tell others of it wait for writes that are still under way, too: a program need not wait for its writes before it releases a lock.
 */
export class SendQueue {
  readonly #ports: SendPorts;
  #waiting: Waiting[] = [];

  constructor(ports: SendPorts) {
    this.#ports = ports;
  }

  add(message: SyncRequest): void {
    const written = published.has(message.kind) ? this.#ports.written() : undefined;
    // Writes that are under way will have something to be confirmed when they have ended.
    const confirmed = written === undefined ? this.#ports.exposed() : undefined;
    if (this.#waiting.length === 0 && written === undefined && confirmed === undefined) return this.#ports.send(message);
    this.#waiting.push({ message, written, confirmed });
    if (this.#waiting.length === 1) void this.#drain(this.#waiting);
  }

  /** The membership is over: what was not sent never is. */
  clear(): void {
    this.#waiting = [];
  }

  /** Sends what is in `waiting`, until it is cleared. */
  async #drain(waiting: Waiting[]): Promise<void> {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const { message, written, confirmed } = first;
      try {
        await written;
        if (this.#waiting !== waiting) return;
        await (written === undefined ? confirmed : this.#ports.exposed());
      } catch (error) {
        // The membership ended before its writes were confirmed, and whoever asked is told so.
        if (error instanceof PagewireError) return;
        throw error;
      }
      if (this.#waiting !== waiting) return;
      waiting.shift();
      this.#ports.guard(() => this.#ports.send(message));
    }
  }
}
