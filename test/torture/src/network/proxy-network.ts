import type { Lost } from '../faults.js';
import type { Network, NetworkEffects, Seat } from './network.js';
import { clear, type Slow } from './proxy-calls.js';
import { ProxyProcess } from './proxy-process.js';

const loopback = '127.0.0.1';
/** How often the connections of a member whose link is down are cut: what is made in between lives shortly. */
const cutEveryMs = 50;

/** Members on loopback with a proxy before each: one process of them all, which tells by their sockets which member dials. */
export class ProxyNetwork implements Network {
  readonly kind = 'proxy';
  readonly without = ['loss'] as const;
  readonly #proxies = new ProxyProcess();
  readonly #seats = new Map<string, Seat>();
  readonly #pids = new Map<string, readonly number[]>();
  readonly #slow = new Map<string, Slow>();
  /** Ordered pairs of names between which everything vanishes. */
  readonly #dropped = new Set<string>();
  readonly #down = new Map<string, NodeJS.Timeout>();

  static async start(members: readonly string[]): Promise<ProxyNetwork> {
    const network = new ProxyNetwork();
    for (const [index, name] of members.entries()) {
      const number = index + 1;
      const port = await network.#proxies.open(number, loopback, 0);
      network.#seats.set(name, { name, number, host: loopback, port: 0, advertise: `${loopback}:${port}`, within: [] });
    }
    return network;
  }

  seat(name: string): Seat {
    const seat = this.#seats.get(name);
    if (seat === undefined) throw new Error(`there is no member ${name}`);
    return seat;
  }

  async serves(name: string, port: number, pids: readonly number[]): Promise<void> {
    const { number } = this.seat(name);
    this.#seats.set(name, { ...this.seat(name), port });
    this.#pids.set(name, pids);
    await this.#proxies.do({ do: 'aim', proxy: number, host: loopback, port });
    const dialers = [...this.#pids].flatMap(([member, own]) => own.map((pid) => [this.seat(member).number, pid] as const));
    await this.#proxies.do({ do: 'dialers', pids: dialers });
  }

  async drop(from: string, to: string): Promise<void> {
    this.#dropped.add(`${from} ${to}`);
    await this.#apply(from, to);
  }

  async restore(from: string, to: string): Promise<void> {
    this.#dropped.delete(`${from} ${to}`);
    await this.#apply(from, to);
  }

  /** A link that is down is played by cutting its connections as fast as they are made. */
  async setLink(name: string, state: 'up' | 'down'): Promise<void> {
    clearInterval(this.#down.get(name));
    this.#down.delete(name);
    if (state === 'up') return;
    const cut = (): void => void this.#cutAll(name).catch(() => {});
    this.#down.set(name, setInterval(cut, cutEveryMs));
    await this.#cutAll(name);
  }

  async setLoss(): Promise<void> {}

  async slow(name: string, slow: Slow): Promise<void> {
    this.#slow.set(name, slow);
    await this.#weather(name, 'everyone', undefined);
    for (const other of this.#seats.keys()) if (other !== name) await this.#apply(other, name);
  }

  async heal(): Promise<void> {
    this.#slow.clear();
    this.#dropped.clear();
    for (const name of this.#seats.keys()) {
      await this.setLink(name, 'up');
      await this.slow(name, clear);
    }
  }

  async effects(): Promise<NetworkEffects> {
    const { droppedBytes, lateBytes, cutConnections } = await this.#proxies.effects();
    return { dropped: droppedBytes, lateBytes, cutConnections };
  }

  async close(): Promise<void> {
    for (const timer of this.#down.values()) clearInterval(timer);
    await this.#proxies.close();
  }

  /** Either of two members may have dialed the other, so both of their proxies are told. */
  async #apply(from: string, to: string): Promise<void> {
    for (const [dialer, behind] of [
      [from, to],
      [to, from],
    ] as const) {
      const into = this.#dropped.has(`${dialer} ${behind}`);
      const out = this.#dropped.has(`${behind} ${dialer}`);
      await this.#weather(behind, this.seat(dialer).number, into && out ? 'both' : into ? 'in' : out ? 'out' : undefined);
    }
  }

  async #weather(behind: string, dialer: number | 'everyone', lost: Lost | undefined): Promise<void> {
    const slow = this.#slow.get(behind) ?? clear;
    await this.#proxies.do({ do: 'weather', proxy: this.seat(behind).number, dialer, lost, slow });
  }

  async #cutAll(name: string): Promise<void> {
    const { number } = this.seat(name);
    await this.#proxies.do({ do: 'cut', proxy: number, dialer: 'everyone' });
    for (const other of this.#seats.values()) await this.#proxies.do({ do: 'cut', proxy: other.number, dialer: number });
  }
}
