import { PagewireError } from '@pagewire/protocol';
import { Acceptor } from './acceptor.js';
import { encodeAttributes } from './attributes.js';
import type { Channel, ChannelEvents } from './channel.js';
import { dialWith } from './dialer.js';
import type { DialOptions, Link, Listener, ListenOptions } from './link.js';
import { resolveLinkOptions } from './link-defaults.js';
import { type LinkAddress, parseLinkUrl, showLinkUrl } from './link-url.js';
import { maxMessageBytes } from './wire.js';

/** Where something listens in a network of channels. */
export type ChannelAddress = Pick<LinkAddress, 'host' | 'port'>;

/** A way to connect that is not a socket of this machine: what links need of a network. */
export interface ChannelNetwork {
  /** Starts a connection. `opened` or `closed` tells how it went, in a later turn. */
  connect(to: LinkAddress, events: ChannelEvents): Channel;
  /**
   * From now on `admit` is given the accepted end of each new connection. Messages longer than `maxMessageBytes` break the rules of the
   * transport. Port 0 picks a free one; the answer is where it listens. Throws `address-in-use`.
   */
  listen(at: ChannelAddress, maxMessageBytes: number, admit: (channel: Channel) => void): LinkAddress;
  /** Nothing listens there any more; connections go on. */
  unlisten(at: ChannelAddress): void;
}

/** `dial` and `listen` over channels of another making: the same sessions, handshakes and limits as over sockets. */
export interface ChannelLinks {
  dial(options: DialOptions): Link;
  listen(options: ListenOptions): Promise<Listener>;
}

/** Links over `network`. A url names the transport that the network's own addresses name, or any when it does not care. */
export function linksOver(network: ChannelNetwork): ChannelLinks {
  return {
    dial: (dial) => {
      const options = resolveLinkOptions(dial.link);
      const address = parseLinkUrl(dial.url);
      encodeAttributes(dial.attributes);
      return dialWith(dial, options, 'memory', (events) => network.connect(address, events));
    },
    listen: async (listen) => {
      const options = resolveLinkOptions(listen.link);
      const acceptor = new Acceptor(listen, options);
      const at = network.listen(listen, maxMessageBytes(options), (channel) => acceptor.admit(channel));
      const close = async (): Promise<void> => {
        network.unlisten(at);
        await acceptor.close();
      };
      const url = (transport: LinkAddress['transport']): string =>
        showLinkUrl({ ...at, transport: at.transport === 'memory' ? 'memory' : transport });
      return { host: at.host, port: at.port, url, close };
    },
  };
}

/** The error of a second listener at one address. */
export const addressInUse = (url: string): PagewireError =>
  new PagewireError('address-in-use', `${url} has a listener already: close it, or pass port 0`);
