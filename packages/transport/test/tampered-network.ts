import type { Channel, ChannelEvents } from '../src/channel.js';
import type { ChannelAddress, ChannelNetwork } from '../src/channel-network.js';
import type { LinkAddress } from '../src/link-url.js';
import { showLinkUrl } from '../src/link-url.js';
import { MemoryChannel } from '../src/memory-channel.js';

/** What somebody in the middle does to one message. None of it can pass for a message that an honest peer sent at that point. */
export const tamperings = ['drop', 'duplicate', 'swap', 'shorten', 'flip', 'garbage', 'replay', 'cut'] as const;

export interface Tampering {
  readonly towards: 'acceptor' | 'dialer';
  /** Which message of that direction, over all connections, from 0. */
  readonly at: number;
  readonly what: (typeof tamperings)[number];
  readonly value: number;
}

/** Bytes of a message whose change a receiver can see: a handshake, or the header of a data message. Contents have no checksum of their own. */
const VISIBLE_BYTES = 17;

/** A network whose every connection passes somebody who tampers with it according to a script. */
export class TamperedNetwork implements ChannelNetwork {
  readonly #script: Tampering[];
  readonly #counts = { acceptor: 0, dialer: 0 };
  readonly #seen = { acceptor: [] as Buffer[], dialer: [] as Buffer[] };
  readonly #open = new Set<() => void>();
  #admit: (channel: Channel) => void = () => {};
  #maxMessageBytes = 0;
  #honest = false;

  constructor(script: readonly Tampering[]) {
    this.#script = [...script];
  }

  listen({ host, port }: ChannelAddress, maxMessageBytes: number, admit: (channel: Channel) => void): LinkAddress {
    this.#admit = admit;
    this.#maxMessageBytes = maxMessageBytes;
    return { transport: 'memory', host, port };
  }

  unlisten(): void {
    this.#admit = () => {};
  }

  connect(to: LinkAddress, events: ChannelEvents): Channel {
    const weather = { stalled: false, delayMs: 0, maxMessageBytes: this.#maxMessageBytes };
    const [dialing, here] = MemoryChannel.pair(showLinkUrl(to), weather, events);
    const [there, accepting] = MemoryChannel.pair(
      showLinkUrl(to),
      weather,
      this.#relay('dialer', () => here),
    );
    here.events = this.#relay('acceptor', () => there);
    const cut = (): void => {
      here.cut('the connection was cut');
      there.cut('the connection was cut');
      this.#open.delete(cut);
    };
    this.#open.add(cut);
    setImmediate(() => {
      if (!dialing.isOpen) return;
      this.#admit(accepting);
      dialing.events.opened();
    });
    return dialing;
  }

  /** From now on nothing is tampered with; every connection is cut, so that both sides say what they have. */
  heal(): void {
    this.#honest = true;
    for (const cut of this.#open) cut();
  }

  #relay(towards: Tampering['towards'], to: () => MemoryChannel): ChannelEvents {
    let held: Buffer | undefined;
    return {
      opened() {},
      writable() {},
      closed: () => to().cut('the connection was cut'),
      message: (bytes) => {
        const out = this.#tamper(towards, bytes);
        if (out === 'cut') to().cut('the connection was cut');
        else if (out === 'swap') held = bytes;
        else {
          const late = held === undefined ? [] : [held];
          held = undefined;
          for (const message of [...out, ...late]) to().send(message);
        }
      },
    };
  }

  #tamper(towards: Tampering['towards'], bytes: Buffer): readonly Buffer[] | 'cut' | 'swap' {
    if (this.#honest) return [bytes];
    const count = this.#counts[towards]++;
    // Of this direction only: what the receiver itself has sent would be a forgery, and nothing here is signed.
    const seen = this.#seen[towards];
    seen.push(Buffer.from(bytes));
    const found = this.#script.find((one) => one.towards === towards && one.at === count);
    if (found === undefined) return [bytes];
    const { what, value } = found;
    switch (what) {
      case 'drop':
        return [];
      case 'duplicate':
        return [bytes, bytes];
      case 'shorten':
        return [bytes.subarray(0, Math.max(0, bytes.length - 1 - (value % 3)))];
      case 'flip': {
        const copy = Buffer.from(bytes);
        const at = value % Math.min(copy.length, VISIBLE_BYTES);
        copy[at] = (copy[at] ?? 0) ^ (1 << (value % 8));
        return [copy];
      }
      case 'garbage':
        return [Buffer.from(Uint8Array.from({ length: value % 64 }, (_, at) => (at * value) % 256)), bytes];
      case 'replay':
        return [seen[value % seen.length] ?? bytes, bytes];
      case 'cut':
      case 'swap':
        return what;
    }
  }
}
