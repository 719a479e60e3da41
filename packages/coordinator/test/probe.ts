import { decodeMessage, encodeMessage, InvariantError, type Message, type MessageKind } from '@pagewire/protocol';
import { type Attributes, dial, type Link, type LinkEnd } from '@pagewire/transport';
import { vi } from 'vitest';

/** A peer of a coordinator over a real link: it says what a test tells it to and keeps what it is told. */
export class Probe implements AsyncDisposable {
  readonly link: Link;
  readonly received: Message[] = [];
  end: LinkEnd | undefined;

  constructor(url: string, attributes: Attributes) {
    this.link = dial({
      url,
      attributes,
      handlers: {
        envelope: (bytes) => {
          // Kept beyond the call, in which alone the bytes are valid.
          const decoded = decodeMessage(Uint8Array.from(bytes));
          if (!decoded.ok) throw new InvariantError(decoded.reason);
          this.received.push(decoded.message);
        },
        closed: (end) => {
          this.end = end;
        },
      },
      link: { connectMs: 2000, redialMinMs: 5, redialMaxMs: 20 },
    });
  }

  say(message: Message): void {
    this.link.send(encodeMessage(message));
  }

  /** The first message of this kind, once it is there; it is taken out. */
  async next<K extends MessageKind>(kind: K): Promise<Extract<Message, { kind: K }>> {
    return await vi.waitFor(
      () => {
        const at = this.received.findIndex((message) => message.kind === kind);
        const [message] = at === -1 ? [] : this.received.splice(at, 1);
        if (message === undefined) throw new InvariantError(`no ${kind} among ${this.received.map((other) => other.kind).join(', ')}`);
        // Found by its kind.
        return message as Extract<Message, { kind: K }>;
      },
      { timeout: 5000, interval: 5 },
    );
  }

  async ended(): Promise<LinkEnd> {
    return await vi.waitFor(
      () => {
        if (this.end === undefined) throw new InvariantError('the link goes on');
        return this.end;
      },
      { timeout: 5000, interval: 5 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link.close();
  }
}
