import type { Channel, ChannelEvents } from '../src/channel.js';
import { dialGrpc } from '../src/grpc-channel.js';
import {
  createMemoryNetwork,
  type DialOptions,
  dial,
  type Link,
  type LinkEnd,
  type LinkHandlers,
  type LinkOptions,
  type Listener,
  type ListenOptions,
  listen,
} from '../src/index.js';
import { parseLinkUrl } from '../src/link-url.js';
import { dialWs } from '../src/ws-channel.js';
import { TcpProxy } from './tcp-proxy.js';

/** One transport with a network between its ends that a test can disturb. */
export interface Rig {
  readonly listener: Listener;
  readonly url: string;
  dial(options: DialOptions): Link;
  /** A bare channel past the disturbed network, to act as a stranger. */
  stranger(events: ChannelEvents): Channel;
  cut(): void;
  stall(stalled: boolean): void;
  refuse(refusing: boolean): void;
  close(): Promise<void>;
}

const TEN_MIB = 10 * 1024 * 1024;

async function portRig(transport: 'ws' | 'grpc', options: ListenOptions): Promise<Rig> {
  const listener = await listen(options);
  const proxy = await TcpProxy.start(listener.port);
  const direct = parseLinkUrl(listener.url(transport));
  return {
    listener,
    url: `${transport}://127.0.0.1:${proxy.port}`,
    dial,
    stranger: (events) =>
      transport === 'ws' ? dialWs(direct, { maxMessageBytes: TEN_MIB, handshakeMs: 5000 }, events) : dialGrpc(direct, TEN_MIB, events),
    cut: () => proxy.cut(),
    stall: (stalled) => proxy.stall(stalled),
    refuse: (refusing) => proxy.refuse(refusing),
    close: async () => {
      await Promise.all([listener.close(), proxy.close()]);
    },
  };
}

async function memoryRig(options: ListenOptions): Promise<Rig> {
  const network = createMemoryNetwork();
  const listener = await network.listen(options);
  const url = listener.url('ws');
  return {
    listener,
    url,
    dial: (dialOptions) => network.dial(dialOptions),
    stranger: (events) => network.connect(url, events),
    cut: () => network.cut(url),
    stall: (stalled) => network.stall(stalled),
    refuse: (refusing) => network.refuse(refusing),
    close: () => listener.close(),
  };
}

export const rigs: readonly { readonly transport: string; readonly start: (options: ListenOptions) => Promise<Rig> }[] = [
  { transport: 'ws', start: (options) => portRig('ws', options) },
  { transport: 'grpc', start: (options) => portRig('grpc', options) },
  { transport: 'memory', start: memoryRig },
];

/** One end of a link as a test sees it: everything it was told, in order. */
export class Witness {
  readonly got: Buffer[] = [];
  readonly events: string[] = [];
  readonly ends: LinkEnd[] = [];
  onEnvelope: (bytes: Uint8Array) => void = () => {};
  #link: Link | undefined;

  get link(): Link {
    if (this.#link === undefined) throw new Error('there is no link yet');
    return this.#link;
  }

  set link(link: Link) {
    this.#link = link;
  }

  readonly handlers: LinkHandlers = {
    envelope: (bytes) => {
      this.got.push(Buffer.from(bytes));
      this.onEnvelope(bytes);
    },
    opened: (resumed) => void this.events.push(resumed ? 'resumed' : 'opened'),
    interrupted: () => void this.events.push('interrupted'),
    drained: () => void this.events.push('drained'),
    closed: (end) => void this.ends.push(end),
  };
}

/** Times short enough that a test of patience need not be patient. */
export const quick: Partial<LinkOptions> = {
  heartbeatMs: 50,
  silenceMs: 800,
  handshakeMs: 1000,
  redialMinMs: 5,
  redialMaxMs: 40,
};
