import { connect } from '@pagewire/client';
import { type Coordinator, type LogLine, startCoordinator } from '@pagewire/coordinator';
import { join, type MemoryMode, type Node, type Region } from '@pagewire/node';
import { PagewireError } from '@pagewire/protocol';

export interface InProcessOptions {
  readonly nodes: number;
  readonly memory?: MemoryMode;
  readonly leaseMs?: number;
  readonly faultTimeoutMs?: number;
}

/** A coordinator and nodes in the process of the test, on free ports of loopback: what none of them catches fails the test. */
export class InProcessCluster implements AsyncDisposable {
  readonly nodes: Node[] = [];
  /** Why the coordinator stopped itself, if it found a bug. */
  fatal: Error | undefined;
  /** The last lines of the coordinator's log, for whoever looks into a failure. */
  readonly log: LogLine[] = [];
  readonly #options: InProcessOptions;
  #coordinator: Coordinator | undefined;
  #counters: Region[] = [];
  #counted = 0;
  /** Increments that ran out of time on a machine that is busy with other things: each happened or did not. */
  #unknown = 0;

  private constructor(options: InProcessOptions) {
    this.#options = options;
  }

  static async start(options: InProcessOptions): Promise<InProcessCluster> {
    const cluster = new InProcessCluster(options);
    try {
      await cluster.#start();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  get coordinator(): Coordinator {
    if (this.#coordinator === undefined) throw new Error('the cluster has started');
    return this.#coordinator;
  }

  node(index: number): Node {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`the cluster has ${this.nodes.length} nodes, not ${index + 1}`);
    return node;
  }

  /**
   * Counts once more on every node and through a client, on one page, and compares: throws unless all nodes are live in the life that they
   * began with, share memory, lose no increment, and serve.
   */
  async check(): Promise<void> {
    if (this.fatal !== undefined) throw new Error(`the coordinator stopped: ${this.fatal.stack}`, { cause: this.fatal });
    for (const node of this.nodes) if (node.state !== 'live') throw new Error(`node ${node.name} is ${node.state}`);
    for (const region of this.#counters) await this.#count(region);
    await using client = await connect(this.node(0).urls[this.#counted % 2] ?? '');
    const served = await client.region('fuzz-counters');
    const value = await this.#patiently(() => served.atomics.load('int32', 0));
    const most = this.#counted + this.#unknown;
    if (value < this.#counted || value > most)
      throw new Error(`${this.#counted} to ${most} increments were made, and the counter is ${value}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    await this.#coordinator?.close();
  }

  async #count(region: Region): Promise<void> {
    await this.#patiently(
      () => region.atomics.add('int32', 0, 1),
      () => (this.#unknown += 1),
    );
    this.#counted += 1;
  }

  /** Tries again what ran out of time: the machine may be busy with other things. */
  async #patiently<T>(access: () => Promise<T>, timedOut: () => void = () => {}): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await access();
      } catch (error) {
        const mayPass = error instanceof PagewireError && error.code === 'timeout';
        if (!mayPass || tries === 10) throw new Error(`a healthy node cannot count: ${String(error)}; ${this.#story()}`, { cause: error });
        timedOut();
      }
    }
  }

  /** What the coordinator knows and has said of late. */
  #story(): string {
    const { nodes, pages } = this.coordinator.status();
    const members = nodes.map(({ name, incarnation, state }) => `${name}#${incarnation} ${state}`).join(', ');
    const lines = this.log.slice(-12).map((line) => JSON.stringify(line));
    return `members: ${members}; pages: ${JSON.stringify(pages)}; log:\n${lines.join('\n')}`;
  }

  async #start(): Promise<void> {
    const { nodes, memory = 'software', leaseMs = 20_000, faultTimeoutMs = 2000 } = this.#options;
    this.#coordinator = await startCoordinator({
      host: '127.0.0.1',
      port: 0,
      leaseMs,
      log: (line) => {
        this.log.push(line);
        if (this.log.length > 200) this.log.shift();
      },
      onFatal: (error) => {
        this.fatal = error;
      },
    });
    for (let index = 0; index < nodes; index += 1) {
      const node = await join({ coordinator: this.#coordinator.url('ws'), name: `n${index + 1}`, memory, faultTimeoutMs });
      this.nodes.push(node);
      this.#counters.push(await node.region('fuzz-counters', { bytes: 4096 }));
    }
  }
}
