import { type Client, connect, requestStatus } from '@pagewire/client';
import type { ClusterStatus } from '@pagewire/coordinator';
import type { NodeCounters } from '@pagewire/protocol';
import { Managed } from './managed.js';
import { type Direction, TcpProxy } from './tcp-proxy.js';
import { until } from './until.js';

export interface ClusterOptions {
  readonly nodes?: number;
  /** What nodes speak with the coordinator and each other. `both`: every second node prefers the other one. */
  readonly transport?: 'ws' | 'grpc' | 'both';
  /**
   * Puts a proxy in front of every process, so that `cutOff`, `delay` and `heal` work. The proxies live in the process that calls
   * `startCluster`: while it computes, no byte moves.
   */
  readonly proxied?: boolean;
  /** How long a silent node keeps its rights, in milliseconds. */
  readonly leaseMs?: number;
}

/** One node process of a {@link Cluster}. */
export class ClusterNode {
  process: Managed;
  url = '';
  constructor(
    readonly name: string,
    readonly scheme: 'ws' | 'grpc',
    readonly offers: 'ws' | 'grpc' | 'both',
    process: Managed,
    readonly proxy: TcpProxy | undefined,
    readonly port: number,
  ) {
    this.process = process;
  }

  get pid(): number {
    return this.process.pid;
  }
}

/** A real cluster: one coordinator and several node processes on free ports of loopback. */
export class Cluster implements AsyncDisposable {
  readonly nodes: ClusterNode[] = [];
  readonly #clients: Client[] = [];
  readonly #proxies: TcpProxy[] = [];
  /** Every node process ever started: a proxy asks which of them dials. */
  readonly #processes: Managed[] = [];
  #coordinatorProxy: TcpProxy | undefined;
  #coordinator: Managed;

  private constructor(
    readonly options: Required<ClusterOptions>,
    coordinator: Managed,
    readonly coordinatorPort: number,
  ) {
    this.#coordinator = coordinator;
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const full = { nodes: 3, transport: 'ws', proxied: false, leaseMs: 2500, ...options } as const;
    const coordinator = startCoordinator(0, full.leaseMs);
    let cluster: Cluster | undefined;
    try {
      cluster = new Cluster(full, coordinator, (await ready(coordinator)).port);
      if (full.proxied) cluster.#coordinatorProxy = await cluster.#proxyTo(cluster.coordinatorPort);
      for (let index = 0; index < full.nodes; index += 1) await cluster.#add(index);
      await cluster.untilMembers(full.nodes);
      return cluster;
    } catch (error) {
      await cluster?.[Symbol.asyncDispose]();
      await coordinator.end('SIGKILL');
      throw error;
    }
  }

  get coordinator(): Managed {
    return this.#coordinator;
  }

  get coordinatorUrl(): string {
    return `ws://127.0.0.1:${this.coordinatorPort}`;
  }

  node(index: number): ClusterNode {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`the cluster has ${this.nodes.length} nodes, not ${index + 1}`);
    return node;
  }

  async status(): Promise<ClusterStatus> {
    // The coordinator under test says what a ClusterStatus is; a wrong one shows as a failing test.
    return (await requestStatus(this.coordinatorUrl)) as unknown as ClusterStatus;
  }

  /** The numbers of all live members, ascending. */
  async liveIncarnations(): Promise<readonly number[]> {
    const { nodes } = await this.status();
    return nodes.filter((node) => node.state === 'live').map((node) => node.incarnation);
  }

  /** The number of the life that a node lives now; fails unless it is a live member. */
  async incarnationOf(index: number): Promise<number> {
    const { name } = this.node(index);
    const found = (await this.status()).nodes.find((node) => node.name === name && node.state === 'live');
    if (found === undefined) throw new Error(`node ${name} is no live member`);
    return found.incarnation;
  }

  /** What a node has counted since its process started. */
  async counters(index: number): Promise<NodeCounters> {
    await using client = await connect(this.node(index).url);
    const { counters } = await client.status();
    // The node under test says what its counters are; wrong ones show as a failing test.
    return counters as NodeCounters;
  }

  async untilCounters(index: number, holds: (counters: NodeCounters) => boolean): Promise<void> {
    await until(`the counters of node ${index} are as expected`, async () => holds(await this.counters(index)));
  }

  /** A client of one node, closed with the cluster. */
  async client(index: number, options: Parameters<typeof connect>[1] = {}): Promise<Client> {
    const client = await connect(this.node(index).url, options);
    this.#clients.push(client);
    return client;
  }

  /** Kills a node as a power cut would. */
  async kill(index: number): Promise<void> {
    await this.node(index).process.end('SIGKILL');
  }

  /** Freezes a node: it keeps its sockets and memory and does nothing. */
  stop(index: number): void {
    this.node(index).process.freeze();
  }

  continue(index: number): void {
    this.node(index).process.signal('SIGCONT');
  }

  /** Starts a dead node again under its name and port. */
  async restart(index: number): Promise<void> {
    const node = this.node(index);
    node.process = this.#spawn(node.name, node.scheme, node.offers, node.port, node.proxy);
    await node.process.ready();
  }

  /** Starts the coordinator again on its port, as a new one that knows nothing of the old. */
  async restartCoordinator(): Promise<void> {
    await this.#coordinator.end('SIGKILL');
    this.#coordinator = startCoordinator(this.coordinatorPort, this.options.leaseMs);
    await this.#coordinator.ready();
  }

  /** Stops the bytes between a node and everyone else, or one other node, in one direction (as that node sees it) or both. */
  cutOff(
    index: number,
    { from = 'everyone', lose = ['in', 'out'] }: { from?: number | 'everyone'; lose?: readonly Direction[] } = {},
  ): void {
    const turned = new Set(lose.map((direction): Direction => (direction === 'in' ? 'out' : 'in')));
    this.#between(index, from, (proxy, pid, dials) => proxy.setWeather(pid, { drop: dials ? turned : new Set(lose) }));
  }

  /** Slows the bytes between a node and everyone else, or one other node. */
  delay(index: number, delayMs: number, from: number | 'everyone' = 'everyone'): void {
    this.#between(index, from, (proxy, pid) => proxy.setWeather(pid, { delayMs }));
  }

  /** Cuts every connection of a node once; they may be made again at once. */
  cutConnections(index: number): void {
    this.#between(index, 'everyone', (proxy, pid) => proxy.cut(pid));
  }

  /** Ends `cutOff` and `delay`. */
  heal(index: number): void {
    this.#between(index, 'everyone', (proxy, pid) => proxy.setWeather(pid, {}));
  }

  /** Waits until exactly `count` nodes are members. */
  async untilMembers(count: number, deadlineMs = 20_000): Promise<ClusterStatus> {
    return until(
      `${count} nodes are members`,
      async () => {
        const status = await this.status();
        return status.nodes.filter((node) => node.state === 'live').length === count && status;
      },
      deadlineMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await Promise.all(this.#processes.map((process) => process.end()));
    await this.coordinator.end();
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }

  /** Calls `change` for every proxy that bytes between the node and the others pass; `dials` when the node is the one that dialed. */
  #between(index: number, other: number | 'everyone', change: (proxy: TcpProxy, pid: number, dials: boolean) => void): void {
    const node = this.node(index);
    if (node.proxy === undefined || this.#coordinatorProxy === undefined) throw new Error('start the cluster with proxied: true');
    if (other === 'everyone') change(this.#coordinatorProxy, node.pid, true);
    for (const peer of other === 'everyone' ? this.nodes : [this.node(other)]) {
      if (peer === node || peer.proxy === undefined) continue;
      change(peer.proxy, node.pid, true);
      change(node.proxy, peer.pid, false);
    }
  }

  async #add(index: number): Promise<void> {
    const { transport, proxied } = this.options;
    const name = `n${index + 1}`;
    const scheme = transport === 'both' ? (index % 2 === 0 ? 'ws' : 'grpc') : transport;
    const proxy = proxied ? await this.#proxyTo(undefined) : undefined;
    const process = this.#spawn(name, scheme, transport, 0, proxy);
    const { port } = await ready(process);
    proxy?.aim(port);
    const node = new ClusterNode(name, scheme, transport, process, proxy, port);
    node.url = `${scheme}://127.0.0.1:${port}`;
    this.nodes.push(node);
  }

  #spawn(name: string, scheme: 'ws' | 'grpc', offers: 'ws' | 'grpc' | 'both', port: number, proxy: TcpProxy | undefined): Managed {
    const coordinatorPort = this.#coordinatorProxy?.port ?? this.coordinatorPort;
    const advertise = proxy === undefined ? [] : ['--advertise', `127.0.0.1:${proxy.port}`];
    const where = ['--coordinator', `${scheme}://127.0.0.1:${coordinatorPort}`, '--listen', `127.0.0.1:${port}`, ...advertise];
    const process = Managed.start(['node', '--name', name, ...where, '--transport', offers, '--json']);
    this.#processes.push(process);
    return process;
  }

  async #proxyTo(port: number | undefined): Promise<TcpProxy> {
    const proxy = await TcpProxy.listen(() => this.#processes.filter((process) => !process.ended).map(({ pid }) => pid));
    if (port !== undefined) proxy.aim(port);
    this.#proxies.push(proxy);
    return proxy;
  }
}

/** Starts a cluster and waits until all of its nodes are members. Dispose of it to end every process. */
export const startCluster = (options: ClusterOptions = {}): Promise<Cluster> => Cluster.start(options);

function startCoordinator(port: number, leaseMs: number): Managed {
  return Managed.start(['coordinator', '--listen', `127.0.0.1:${port}`, '--lease', `${leaseMs}ms`, '--json']);
}

async function ready(process: Managed): Promise<{ readonly port: number }> {
  const line = await process.ready();
  // The line is printed by the product under test; a wrong one shows as a failing test.
  return line as { port: number };
}
