import { type Cluster, startCluster } from '@pagewire/test';
import { NodeProcess } from './node-process.js';

export interface NodeClusterOptions {
  readonly memory: 'software' | 'mapped';
  readonly standingNodes: number;
  /** How long the pages of a killed node are out of reach, in milliseconds. */
  readonly leaseMs: number;
}

/** An access that takes longer has failed. */
const faultTimeoutMs = 20_000;

/** A coordinator, nodes that live as long as it does, and nodes that are started to be killed. */
export class NodeCluster implements AsyncDisposable {
  readonly standing: NodeProcess[] = [];
  readonly #coordinator: Cluster;
  readonly #options: NodeClusterOptions;
  /** Nodes to be killed that are ready, or soon will be. */
  readonly #spares: Promise<NodeProcess>[] = [];
  /** Every process that was ever started. */
  readonly #processes: NodeProcess[] = [];
  #names = 0;

  private constructor(coordinator: Cluster, options: NodeClusterOptions) {
    this.#coordinator = coordinator;
    this.#options = options;
  }

  static async start(options: NodeClusterOptions): Promise<NodeCluster> {
    const cluster = new NodeCluster(await startCluster({ nodes: 0, leaseMs: options.leaseMs }), options);
    try {
      const starting = Array.from({ length: options.standingNodes }, () => cluster.#startNode('n'));
      cluster.standing.push(...(await Promise.all(starting)));
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A name that nothing else of this cluster has. */
  freshName(prefix: string): string {
    this.#names += 1;
    return `${prefix}${this.#names}`;
  }

  /** Nodes to be killed. As many are started for the next time, because starting one takes long. */
  async takeDoomed(count: number): Promise<readonly NodeProcess[]> {
    this.#replenish(count);
    const taken = await Promise.all(this.#spares.splice(0, count));
    this.#replenish(count);
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#processes) node.kill();
    await Promise.all(this.#processes.map((node) => node.ending()));
    await this.#coordinator[Symbol.asyncDispose]();
  }

  #replenish(count: number): void {
    while (this.#spares.length < count) {
      const spare = this.#startNode('d');
      // Whoever takes it is told.
      spare.catch(() => {});
      this.#spares.push(spare);
    }
  }

  #startNode(prefix: string): Promise<NodeProcess> {
    const { memory } = this.#options;
    const name = this.freshName(prefix);
    const node = new NodeProcess({ coordinator: this.#coordinator.coordinatorUrl, name, memory, faultTimeoutMs });
    this.#processes.push(node);
    return node.ready();
  }
}
