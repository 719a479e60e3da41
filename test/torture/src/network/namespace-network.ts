import { feed, run } from './command.js';
import { cableOf, memberAddress, within } from './namespaces.js';
import type { Network, NetworkEffects, Seat } from './network.js';
import { clear, type Slow } from './proxy-calls.js';
import { ProxyProcess } from './proxy-process.js';

const table = ['inet', 'pagewire'] as const;
/** Each member has a namespace, and so all ports, to itself. */
const servicePort = 7070;
const proxyPort = 7071;

/**
 * Members in network namespaces that are wired to a hub, where this process runs: it cuts with nft rules and takes links down with ip. A proxy
 * beside each member slows what passes; the packets between two proxies still go from one namespace to the other.
 */
export class NamespaceNetwork implements Network {
  readonly kind = 'namespaces';
  readonly without = [];
  readonly #seats = new Map<string, Seat>();
  readonly #proxies = new Map<string, ProxyProcess>();
  readonly #lossy = new Set<string>();

  /** The namespaces of `owner` exist already: {@link createNamespaces}. */
  static async start(owner: number, members: readonly string[]): Promise<NamespaceNetwork> {
    const network = new NamespaceNetwork();
    await Promise.all(
      members.map(async (name, index) => {
        const number = index + 1;
        const host = memberAddress(number);
        const seat = { name, number, host, port: servicePort, advertise: `${host}:${proxyPort}`, within: within(owner, name) };
        network.#seats.set(name, seat);
        const proxy = new ProxyProcess(seat.within);
        network.#proxies.set(name, proxy);
        await proxy.open(number, host, proxyPort);
        await proxy.do({ do: 'aim', proxy: number, host, port: servicePort });
      }),
    );
    return network;
  }

  seat(name: string): Seat {
    const seat = this.#seats.get(name);
    if (seat === undefined) throw new Error(`there is no member ${name}`);
    return seat;
  }

  async serves(): Promise<void> {}

  async drop(from: string, to: string): Promise<void> {
    await run('nft', ['add', 'element', ...table, 'cut', `{ ${this.#pair(from, to)} }`]);
  }

  async restore(from: string, to: string): Promise<void> {
    // Two faults may have cut the same pair, and one of them has ended before.
    await run('nft', ['delete', 'element', ...table, 'cut', `{ ${this.#pair(from, to)} }`]).catch(() => '');
  }

  async setLink(name: string, state: 'up' | 'down'): Promise<void> {
    await run('ip', ['link', 'set', cableOf(name), state]);
  }

  async setLoss(name: string, percent: number): Promise<void> {
    const { host, number } = this.seat(name);
    const chain = `loss-${number}`;
    const elements = (verb: 'add' | 'delete', jump: string): string =>
      ['from', 'to'].map((way) => `${verb} element ${table.join(' ')} lossy_${way} { ${host}${jump} }\n`).join('');
    if (this.#lossy.delete(name)) await feed('nft', ['-f', '-'], `${elements('delete', '')}delete chain ${table.join(' ')} ${chain}\n`);
    if (percent === 0) return;
    this.#lossy.add(name);
    const rule = `numgen random mod 100 < ${percent} counter name dropped drop`;
    const made = `add chain ${table.join(' ')} ${chain}\nadd rule ${table.join(' ')} ${chain} ${rule}\n`;
    await feed('nft', ['-f', '-'], `${made}${elements('add', ` : jump ${chain}`)}`);
  }

  async slow(name: string, slow: Slow): Promise<void> {
    const { number } = this.seat(name);
    await this.#proxies.get(name)?.do({ do: 'weather', proxy: number, dialer: 'everyone', lost: undefined, slow });
  }

  async heal(): Promise<void> {
    await run('nft', ['flush', 'set', ...table, 'cut']);
    for (const name of this.#seats.keys()) {
      await this.setLink(name, 'up');
      await this.setLoss(name, 0);
      await this.slow(name, clear);
    }
  }

  async effects(): Promise<NetworkEffects> {
    const listed = await run('nft', ['list', 'counter', ...table, 'dropped']);
    const proxies = await Promise.all([...this.#proxies.values()].map((proxy) => proxy.effects()));
    return {
      dropped: Number(/packets (\d+)/.exec(listed)?.[1] ?? 0),
      lateBytes: proxies.reduce((sum, { lateBytes }) => sum + lateBytes, 0),
      cutConnections: proxies.reduce((sum, { cutConnections }) => sum + cutConnections, 0),
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
  }

  #pair(from: string, to: string): string {
    return `${this.seat(from).host} . ${this.seat(to).host}`;
  }
}
