import { decodeMessage, encodeMessage, limits, type Message } from '@pagewire/protocol';
import { dial, type Link } from '@pagewire/transport';

/** What it asks for: the beginning of a region that exists. */
export interface Wanted {
  readonly name: string;
  readonly bytes: number;
}

/** A client that asks a node for much and reads none of the answers until it listens. */
export class DeafClient {
  readonly #link: Link;
  readonly #bytes: number;
  #region: number | undefined;
  #ended = false;
  #answers = 0;
  #refusals = 0;

  /** Dials the node at `url`, opens the region, and goes deaf. When that has not come about by the deadline it is not open. */
  static async connect(url: string, wanted: Wanted, deadlineMs = 5000): Promise<DeafClient> {
    const client = new DeafClient(url, wanted);
    const end = performance.now() + deadlineMs;
    while (client.#region === undefined && !client.#ended && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    client.#link.pause();
    return client;
  }

  private constructor(url: string, { name, bytes }: Wanted) {
    this.#bytes = bytes;
    this.#link = dial({
      url,
      attributes: { role: 'client' },
      handlers: {
        opened: () => this.#link.send(encodeMessage({ kind: 'open-region', id: 0, name })),
        envelope: (bytes) => this.#take(bytes),
        closed: () => {
          this.#ended = true;
        },
      },
    });
  }

  get isOpen(): boolean {
    return this.#region !== undefined && !this.#ended;
  }

  /** Answers that it has read since it listens again, and how many of them say that the node had no room for the request. */
  get answers(): number {
    return this.#answers;
  }
  get refusals(): number {
    return this.#refusals;
  }

  /** Asks `times` times for as many bytes as one operation may read. */
  ask(times: number): void {
    if (this.#region === undefined) return;
    const length = Math.min(this.#bytes, limits.maxOperationBytes);
    for (let id = 1; id <= times && !this.#ended; id += 1) {
      // A client knows a region by its number, which on the wire is a plain one.
      this.#link.send(encodeMessage({ kind: 'read', region: this.#region, offset: 0, length, id } as Message));
    }
  }

  /** Reads what was sent to it. */
  listen(): void {
    this.#link.resume();
  }

  /** Ends as a process that dies does. */
  destroy(): void {
    this.#link.destroy();
  }

  #take(bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return;
    const { message } = decoded;
    if (message.kind === 'region-opened') this.#region = message.record.region;
    else this.#answers += 1;
    if (message.kind === 'failed' && message.code === 'overloaded') this.#refusals += 1;
  }
}
