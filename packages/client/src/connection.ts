import { PagewireError } from '@pagewire/protocol';
import { type Attributes, dial, type Link, type LinkEnd } from '@pagewire/transport';
import { clientDefaults, type Settings } from './connect-options.js';

/** What the owner of a connection is told. */
export interface ConnectionHandlers {
  envelope(bytes: Uint8Array): void;
  /** A new link is up. Nothing sent on an earlier one counts any more. */
  up(): void;
  /** The link can take more: it was congested or cut, and is not now. */
  ready(): void;
  /** The link that was up has ended; another will be dialed. */
  down(end: LinkEnd): void;
  /** There will be no other link: the peer cannot be talked to. */
  over(error: PagewireError): void;
}

/** Keeps a link to one peer: dials, and when the link ends dials again after a growing delay until closed. */
export class Connection {
  readonly url: string;
  readonly #attributes: Attributes;
  readonly #settings: Settings;
  readonly #handlers: ConnectionHandlers;
  #link: Link | undefined;
  #up = false;
  #everUp = false;
  #closed = false;
  #lastEnd: LinkEnd | undefined;
  #delayMs: number = clientDefaults.reconnectMinMs;
  #redial: NodeJS.Timeout | undefined;

  constructor(url: string, attributes: Attributes, settings: Settings, handlers: ConnectionHandlers) {
    this.url = url;
    this.#attributes = attributes;
    this.#settings = settings;
    this.#handlers = handlers;
    this.#dial();
  }

  /** True when the connection under the link works, as far as anybody knows. */
  get isOpen(): boolean {
    return this.#up && this.#link?.state === 'open';
  }

  /** True when an envelope given to `send` would leave now. One sent during a cut might or might not be sent later, so callers wait instead. */
  get canSend(): boolean {
    return this.isOpen && this.#link?.congested === false;
  }

  /** Why there is no link, for messages. */
  get trouble(): string {
    return this.#lastEnd === undefined ? 'no connection yet' : `${this.#lastEnd.code}: ${this.#lastEnd.reason}`;
  }

  send(parts: readonly Uint8Array[]): void {
    this.#link?.send(parts);
  }

  /** The peer has answered, so the next wait for a link starts short again. */
  worked(): void {
    this.#delayMs = clientDefaults.reconnectMinMs;
  }

  /** Ends the link because the peer broke the protocol; another is dialed. */
  violated(reason: string): void {
    this.#link?.destroy({ code: 'protocol-violation', reason });
  }

  async close(): Promise<void> {
    const link = this.#stop();
    // A cut link cannot carry a goodbye, so there is nothing to wait for.
    if (link?.state === 'open') await link.close();
    else link?.destroy();
  }

  #stop(): Link | undefined {
    const link = this.#link;
    this.#closed = true;
    this.#up = false;
    this.#link = undefined;
    clearTimeout(this.#redial);
    return link;
  }

  #dial(): void {
    // Events of a link that this object has let go of are not its business any more.
    const current = () => !this.#closed && this.#link === link;
    const link = dial({
      url: this.url,
      attributes: this.#attributes,
      link: { ...this.#settings.link, connectMs: this.#settings.connectTimeoutMs },
      handlers: {
        envelope: (bytes) => {
          if (current() && link.state !== 'closed') this.#handlers.envelope(bytes);
        },
        opened: (resumed) => {
          if (current()) this.#opened(resumed);
        },
        drained: () => {
          if (current()) this.#handlers.ready();
        },
        closed: (end) => {
          if (current()) this.#ended(end);
        },
      },
    });
    this.#link = link;
  }

  #opened(resumed: boolean): void {
    if (resumed) {
      this.#handlers.ready();
      return;
    }
    this.#up = true;
    this.#everUp = true;
    this.#handlers.up();
  }

  #ended(end: LinkEnd): void {
    const wasUp = this.#up;
    this.#up = false;
    this.#link = undefined;
    this.#lastEnd = end;
    if (!this.#everUp || end.code === 'version-mismatch') {
      this.#closed = true;
      this.#handlers.over(
        new PagewireError(end.code === 'closed' ? 'unreachable' : end.code, `cannot connect to ${this.url}: ${end.reason}`),
      );
      return;
    }
    if (wasUp) this.#handlers.down(end);
    if (this.#closed) return;
    this.#redial = setTimeout(() => this.#dial(), this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, clientDefaults.reconnectMaxMs);
  }
}
