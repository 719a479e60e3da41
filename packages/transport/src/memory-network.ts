import { PagewireError } from '@pagewire/protocol';
import type { Channel, ChannelEvents } from './channel.js';
import { addressInUse, type ChannelAddress, type ChannelNetwork, linksOver } from './channel-network.js';
import type { DialOptions, Link, Listener, ListenOptions } from './link.js';
import { type LinkAddress, parseLinkUrl, showLinkUrl } from './link-url.js';
import { MemoryChannel, type MemoryWeather } from './memory-channel.js';

/**
 * Links inside one process, for tests: the same sessions, handshakes and limits as over a network, and a network that does as it is told.
 * `dial` and `listen` can stand in for those of this package.
 */
export interface MemoryNetwork {
  /** As `dial`, for `memory://host:port`. */
  dial(options: DialOptions): Link;
  /** As `listen`, without a socket: the listener is `memory://host:port` whichever transport is asked for. Port 0 picks a free one. */
  listen(options: ListenOptions): Promise<Listener>;
  /** Breaks every connection, or those to one url; what is in flight is lost. */
  cut(url?: string): void;
  /** While true, nothing travels and no connection breaks: every connection is half-open. */
  stall(stalled: boolean): void;
  /** While true, new connections fail. */
  refuse(refused: boolean): void;
  /** Adds a delay, in milliseconds, to what travels from now on. Order is kept. */
  delay(ms: number): void;
  /** Messages sent over the open connections, by both ends. */
  readonly sentMessages: number;
  /** A bare channel to a listener, to speak to it as a stranger would. */
  connect(url: string, events: ChannelEvents): Channel;
}

class MemoryChannels implements ChannelNetwork {
  readonly #listeners = new Map<string, { readonly admit: (channel: Channel) => void; readonly weather: MemoryWeather }>();
  readonly #connections = new Map<MemoryChannel, string>();
  readonly #weather = { stalled: false, refused: false, delayMs: 0 };
  #nextPort = 1;

  listen({ host, port: wanted }: ChannelAddress, maxMessageBytes: number, admit: (channel: Channel) => void): LinkAddress {
    const port = wanted === 0 ? this.#freePort(host) : wanted;
    const at: LinkAddress = { transport: 'memory', host, port };
    const url = showLinkUrl(at);
    if (this.#listeners.has(url)) throw addressInUse(url);
    this.#listeners.set(url, { admit, weather: this.#weatherFor(maxMessageBytes) });
    return at;
  }

  unlisten({ host, port }: ChannelAddress): void {
    this.#listeners.delete(showLinkUrl({ transport: 'memory', host, port }));
  }

  cut(url?: string): void {
    for (const [channel, to] of this.#connections) if (url === undefined || url === to) channel.cut('the connection was cut');
    this.#sweep();
  }

  stall(stalled: boolean): void {
    this.#weather.stalled = stalled;
    for (const channel of this.#connections.keys()) channel.carry();
  }

  refuse(refused: boolean): void {
    this.#weather.refused = refused;
  }

  delay(ms: number): void {
    this.#weather.delayMs = ms;
  }

  get sentMessages(): number {
    let sum = 0;
    for (const channel of this.#connections.keys()) sum += channel.sentMessages;
    return sum;
  }

  connect(to: LinkAddress, events: ChannelEvents): Channel {
    const url = showLinkUrl(to);
    this.#sweep();
    const listener = this.#listeners.get(url);
    const [near, far] = MemoryChannel.pair(url, listener?.weather ?? this.#weatherFor(0), events);
    if (listener === undefined || this.#weather.refused) {
      near.cut('nothing listens there');
      return near;
    }
    this.#connections.set(near, url).set(far, url);
    setImmediate(() => {
      if (!near.isOpen) return;
      listener.admit(far);
      near.events.opened();
    });
    return near;
  }

  #freePort(host: string): number {
    while (this.#listeners.has(showLinkUrl({ transport: 'memory', host, port: this.#nextPort }))) this.#nextPort++;
    return this.#nextPort++;
  }

  #weatherFor(messageBytes: number): MemoryWeather {
    const shared = this.#weather;
    return {
      get stalled() {
        return shared.stalled;
      },
      get delayMs() {
        return shared.delayMs;
      },
      maxMessageBytes: messageBytes,
    };
  }

  #sweep(): void {
    for (const channel of this.#connections.keys()) if (!channel.isOpen) this.#connections.delete(channel);
  }
}

/** A network of its own: names in one do not meet those in another. */
export function createMemoryNetwork(): MemoryNetwork {
  const channels = new MemoryChannels();
  const links = linksOver(channels);
  return {
    dial: (options) => {
      if (parseLinkUrl(options.url).transport === 'memory') return links.dial(options);
      throw new PagewireError('bad-argument', `a memory network dials memory://host:port, not ${options.url}: use dial() for that`);
    },
    listen: (options) => links.listen(options),
    cut: (url) => channels.cut(url),
    stall: (stalled) => channels.stall(stalled),
    refuse: (refused) => channels.refuse(refused),
    delay: (ms) => channels.delay(ms),
    get sentMessages() {
      return channels.sentMessages;
    },
    connect: (url, events) => channels.connect(parseLinkUrl(url), events),
  };
}
