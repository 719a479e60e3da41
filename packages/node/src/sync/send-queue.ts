import { PagewireError, type SyncRequest } from '@pagewire/protocol';

interface Waiting {
  readonly message: SyncRequest;
  /** When it may go. */
  readonly confirmed: Promise<void> | undefined;
}

export interface SendPorts {
  /** See `ServiceHost.exposed`. */
  exposed(): Promise<void> | undefined;
  send(message: SyncRequest): void;
  /** Does what a promise led to. What it throws is a bug. */
  guard(work: () => void): void;
}

/**
 * Requests about synchronization on their way out: in the order in which they were made, and none before everything that this node wrote until
 * then is confirmed (rule 7 of the protocol). Without, the next holder of a lock could miss a write of this one, if this node died now.
 */
export class SendQueue {
  readonly #ports: SendPorts;
  #waiting: Waiting[] = [];

  constructor(ports: SendPorts) {
    this.#ports = ports;
  }

  add(message: SyncRequest): void {
    const confirmed = this.#ports.exposed();
    if (this.#waiting.length === 0 && confirmed === undefined) return this.#ports.send(message);
    this.#waiting.push({ message, confirmed });
    if (this.#waiting.length === 1) void this.#drain(this.#waiting);
  }

  /** The membership is over: what was not sent never is. */
  clear(): void {
    this.#waiting = [];
  }

  /** Sends what is in `waiting`, until it is cleared. */
  async #drain(waiting: Waiting[]): Promise<void> {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const { message, confirmed } = first;
      try {
        await confirmed;
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
