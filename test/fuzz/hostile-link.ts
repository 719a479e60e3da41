import { decodeMessage, encodeMessage, isErrorCode, type Message } from '@pagewire/protocol';
import { type Attributes, dial, type Link, type LinkEnd } from '@pagewire/transport';

/** How long an answer may take before the other side counts as hanging. */
const patienceMs = 5000;

/** A link whose owner says what it likes and hears what is answered. */
export class HostileLink {
  readonly received: Message[] = [];
  readonly #link: Link;
  readonly #listeners = new Set<() => void>();
  end: LinkEnd | undefined;
  #opened = false;

  constructor(url: string, attributes: Attributes) {
    this.#link = dial({
      url,
      attributes,
      link: { resumeMs: 300, connectMs: 2000 },
      handlers: {
        opened: () => {
          this.#opened = true;
          this.#tell();
        },
        envelope: (bytes) => {
          const decoded = decodeMessage(bytes.slice());
          if (!decoded.ok) throw new Error(`the other side sent what is no message: ${decoded.reason}`);
          this.received.push(decoded.message);
          // Only the last ones are of interest.
          if (this.received.length > 1000) this.received.shift();
          this.#tell();
        },
        closed: (end) => {
          this.end = end;
          this.#tell();
        },
      },
    });
  }

  send(parts: readonly Uint8Array[]): void {
    if (this.end === undefined) this.#link.send(parts);
  }

  say(message: Message): void {
    this.send(encodeMessage(message));
  }

  /** Waits until the link is open or over. */
  async opened(): Promise<void> {
    await this.#until('the link is open', () => this.#opened || this.end !== undefined);
  }

  /** Waits for a message of this kind; undefined when the link ends without one. */
  async next<K extends Message['kind']>(kind: K): Promise<Extract<Message, { kind: K }> | undefined> {
    const find = () => this.received.find((message): message is Extract<Message, { kind: K }> => message.kind === kind);
    await this.#until(`"${kind}" comes`, () => find() !== undefined || this.end !== undefined);
    return find();
  }

  /** Throws unless the other side ended the link, if it did, with a reason that people and programs can use. */
  checkEnd(): void {
    if (this.end !== undefined && (!isErrorCode(this.end.code) || this.end.reason === '')) {
      throw new Error(`the link ended without a reason: ${JSON.stringify(this.end)}`);
    }
  }

  destroy(): void {
    this.#link.destroy();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(look);
      };
      const look = (): void => {
        if (!holds()) return;
        done();
        resolve();
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`waited ${patienceMs} ms until ${what}`));
      }, patienceMs);
      this.#listeners.add(look);
    });
  }
}
