import { PagewireError } from '@pagewire/protocol';
import { encodeAttributes } from './attributes.js';
import { dialWith } from './dialer.js';
import { dialGrpc } from './grpc-channel.js';
import type { DialOptions, Link } from './link.js';
import { resolveLinkOptions } from './link-defaults.js';
import { parseLinkUrl } from './link-url.js';
import { maxMessageBytes } from './wire.js';
import { dialWs } from './ws-channel.js';

/**
 * Starts a link to a listener and returns it at once; envelopes may be sent right away. A peer that cannot be reached ends the link with
 * `unreachable` after `connectMs`. A link that is not closed keeps the process alive.
 * @throws PagewireError `bad-argument` for a url, option or attributes that cannot be
 */
export function dial(options: DialOptions): Link {
  const address = parseLinkUrl(options.url);
  const link = resolveLinkOptions(options.link);
  encodeAttributes(options.attributes);
  const limits = { maxMessageBytes: maxMessageBytes(link), handshakeMs: link.handshakeMs };
  switch (address.transport) {
    case 'ws':
      return dialWith(options, link, 'ws', (events) => dialWs(address, limits, events));
    case 'grpc':
      return dialWith(options, link, 'grpc', (events) => dialGrpc(address, limits.maxMessageBytes, events));
    case 'memory':
      throw new PagewireError('bad-argument', `${options.url} lies in a memory network: dial it with the dial of createMemoryNetwork()`);
  }
}
