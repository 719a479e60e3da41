import { randomBytes } from 'node:crypto';
import { type Channel, type ChannelEnd, type ChannelEvents, deafEvents, type TransportName } from './channel.js';
import type { DialOptions, Link, LinkEnd, LinkOptions } from './link.js';
import { brokeProtocol, cannotDial } from './link-ends.js';
import { type LinkOwner, LinkSession } from './link-session.js';
import { decodeOpening, encodeBye, encodeHello, SESSION_BYTES, versionMismatch } from './wire.js';

/** Starts a connection and returns it at once; `opened` or `closed` tells how it went. What it throws ends the link. */
export type OpenChannel = (events: ChannelEvents) => Channel;

/**
 * Keeps one link connected: opens a channel, shakes hands, hands it to the session, and does so again after each cut, with waits that grow
 * and are spread at random so that many dialers of one restarted peer do not come back in step.
 */
class Dialer implements LinkOwner, ChannelEvents {
  readonly session: LinkSession;
  readonly #dial: DialOptions;
  readonly #options: LinkOptions;
  readonly #open: OpenChannel;
  readonly #id = randomBytes(SESSION_BYTES);
  /** The channel whose handshake is under way. */
  #channel: Channel | undefined;
  #timer: NodeJS.Timeout | undefined;
  #established = false;
  #attempts = 0;

  constructor(dial: DialOptions, options: LinkOptions, transport: TransportName, open: OpenChannel) {
    this.#dial = dial;
    this.#options = options;
    this.#open = open;
    const connectMs = options.connectMs === 0 ? options.resumeMs : options.connectMs;
    this.session = new LinkSession({ transport, remote: dial.url, options, owner: this, connectMs }, dial.handlers);
  }

  connect(): void {
    try {
      this.#channel = this.#open(this);
    } catch (error) {
      this.session.fail(cannotDial(error));
      return;
    }
    this.#timer = setTimeout(() => this.#retry(`no answer within ${this.#options.handshakeMs} ms`), this.#options.handshakeMs);
  }

  interrupted(): void {
    this.#attempts = 0;
    this.#redialLater();
  }

  ended(): void {
    this.#abandon();
  }

  opened(): void {
    const { attributes } = this.#dial;
    this.#channel?.send(encodeHello({ session: this.#id, established: this.#established, received: this.session.received, attributes }));
  }

  message(bytes: Buffer): void {
    const answer = decodeOpening(bytes);
    switch (answer.kind) {
      case 'welcome':
        this.#welcomed(answer.welcome.received, answer.welcome.attributes);
        return;
      case 'refuse':
        this.session.fail(answer.end);
        return;
      case 'other-version':
        this.#turnAway(versionMismatch(answer.version));
        return;
      default:
        this.#turnAway(brokeProtocol(this.#dial.url, answer.kind === 'bad' ? answer.reason : 'it answered a hello with a hello'));
    }
  }

  writable(): void {}

  closed(end: ChannelEnd): void {
    this.#retry(end.reason);
  }

  #welcomed(received: number, attributes: LinkSession['peer']): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    if (!this.session.mayHaveReceived(received)) {
      this.#turnAway(brokeProtocol(this.#dial.url, 'it claims to have received what was never sent'));
      return;
    }
    clearTimeout(this.#timer);
    this.#channel = undefined;
    this.#established = true;
    this.session.peer = attributes;
    this.session.attach(channel, received);
  }

  /** Ends the link over an answer that dialing again would not change, and tells the peer why. */
  #turnAway(end: LinkEnd): void {
    const channel = this.#channel;
    this.#channel = undefined;
    if (channel !== undefined) {
      channel.events = deafEvents;
      channel.send(encodeBye(end));
      channel.end();
    }
    this.session.fail(end);
  }

  #retry(cause: string): void {
    this.#abandon();
    this.session.noteCause(cause);
    this.#redialLater();
  }

  #redialLater(): void {
    const { redialMinMs, redialMaxMs } = this.#options;
    const ceiling = Math.min(redialMaxMs, redialMinMs * 2 ** Math.min(this.#attempts, 16));
    this.#attempts++;
    const wait = redialMinMs + Math.random() * (ceiling - redialMinMs);
    this.#timer = setTimeout(() => this.connect(), wait);
  }

  #abandon(): void {
    clearTimeout(this.#timer);
    const channel = this.#channel;
    this.#channel = undefined;
    if (channel === undefined) return;
    channel.events = deafEvents;
    channel.destroy();
  }
}

/** Dials over channels that `open` makes. `options` must be resolved and the attributes checked. */
export function dialWith(dial: DialOptions, options: LinkOptions, transport: TransportName, open: OpenChannel): Link {
  const dialer = new Dialer(dial, options, transport, open);
  dialer.connect();
  return dialer.session;
}
