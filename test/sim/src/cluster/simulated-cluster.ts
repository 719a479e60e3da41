import type { Client } from '@pagewire/client';
import type { Coordinator, LogLine } from '@pagewire/coordinator';
import type { Directory } from '@pagewire/coordinator/parts';
import type { ChosenMemory, ClusterNode, RightsEnd } from '@pagewire/node/parts';
import type { Product, ProductBundle } from './product-bundle.js';
import { randomStream } from './random.js';
import { type NetworkTraits, SimulatedNetwork } from './simulated-network.js';
import { type MachineTraits, type ProcessWatcher, SimulatedProcess } from './simulated-process.js';
import { VirtualTime } from './virtual-time.js';

/** What the watcher of a cluster is told, on top of what processes tell. */
export interface ClusterWatcher extends ProcessWatcher {
  /** Wraps the directory of a coordinator that starts. */
  directory(home: InstanceType<Product['Home']>): Directory;
  /** The memory of a node that starts. */
  memory(node: NodeProcess): ChosenMemory;
  rightsEnded(node: NodeProcess, end: RightsEnd | undefined): void;
  logged(line: LogLine): void;
  /** A sender changed bytes that it had given to a connection. */
  tampered(process: SimulatedProcess): void;
}

export interface SimulatedClusterOptions {
  readonly seed: number;
  readonly bundle: ProductBundle;
  readonly network: NetworkTraits;
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  readonly faultTimeoutMs: number;
  readonly storeBytes: number;
  readonly watcher: ClusterWatcher;
}

/** One life of a node's process. */
export interface NodeProcess {
  readonly index: number;
  readonly process: SimulatedProcess;
  readonly product: Product;
  /** Once it has joined. */
  node: ClusterNode | undefined;
  /** It was told to leave in good order. */
  leaving: boolean;
}

export interface ClientProcess {
  readonly index: number;
  readonly process: SimulatedProcess;
  client: Client | undefined;
}

const port = 7070;
/** Longer than any run: a node that starts during a partition waits it out. */
const joinTimeoutMs = 120_000;
const connectAgainMs = 50;

/** Whole processes of pagewire in one process, under one virtual time: a coordinator, nodes and clients, each on a machine of its own. */
export class SimulatedCluster {
  readonly time = new VirtualTime();
  readonly network: SimulatedNetwork;
  readonly #options: SimulatedClusterOptions;
  readonly #lives = new Map<string, number>();
  readonly processes: SimulatedProcess[] = [];
  coordinator: Coordinator | undefined;
  coordinatorProcess: SimulatedProcess | undefined;

  constructor(options: SimulatedClusterOptions) {
    this.#options = options;
    const { seed, network, watcher } = options;
    this.network = new SimulatedNetwork({
      time: this.time,
      seed,
      traits: network,
      tampered: (process) => watcher.tampered(process),
    });
  }

  /** Starts the coordinator; it listens when this returns. */
  async startCoordinator(traits: MachineTraits): Promise<void> {
    const { bundle, leaseMs, renewEveryMs, storeBytes, watcher } = this.#options;
    const process = this.#start('coordinator', hostOf(0), traits);
    const product = bundle.load(process.globals);
    const directory = watcher.directory(new product.Home());
    this.coordinatorProcess = process;
    this.coordinator = await product.startWithDirectory(
      {
        host: process.host,
        port,
        leaseMs,
        renewEveryMs,
        storeBytes,
        log: (line) => watcher.logged(line),
        onFatal: (error) => watcher.uncaught(process, error),
      },
      directory,
    );
  }

  /** Starts a process of node `index` (from 1), which joins; `joined` is called when it has. */
  startNode(index: number, traits: MachineTraits, joined: (life: NodeProcess) => void): NodeProcess {
    const name = `n${index}`;
    const process = this.#start(name, hostOf(index), traits);
    const product = this.#options.bundle.load(process.globals);
    const life: NodeProcess = { index, process, product, node: undefined, leaving: false };
    process.schedule(this.time.now, () => {
      this.#join(life).then(
        () => joined(life),
        (error: unknown) => this.#options.watcher.uncaught(process, error),
      );
    });
    return life;
  }

  /** Starts a process with a client of node `index`. */
  startClient(number: number, host: number, node: number, traits: MachineTraits, connected: (life: ClientProcess) => void): ClientProcess {
    const process = this.#start(`c${number}`, hostOf(host), traits);
    const product = this.#options.bundle.load(process.globals);
    const life: ClientProcess = { index: number, process, client: undefined };
    const connect = (): void => {
      product.connect(`ws://${hostOf(node)}:${port}`, {}).then(
        (client) => {
          life.client = client;
          connected(life);
        },
        // The node may be down, or not be ready yet.
        () => process.globals.setTimeout(connect, connectAgainMs),
      );
    };
    process.schedule(this.time.now, connect);
    return life;
  }

  /** The process dies; with `silently` its machine dies with it, and nobody is told. */
  kill(process: SimulatedProcess, { silently }: { readonly silently: boolean }): void {
    process.kill();
    this.network.died(process, { silently });
  }

  #start(name: string, host: string, traits: MachineTraits): SimulatedProcess {
    const life = (this.#lives.get(name) ?? 0) + 1;
    this.#lives.set(name, life);
    const random = randomStream(this.#options.seed, `process ${name} life ${life}`);
    const process = new SimulatedProcess({ name, host, traits }, { time: this.time, random, watcher: this.#options.watcher }, (seen) =>
      this.network.seenFrom(seen),
    );
    this.processes.push(process);
    return process;
  }

  async #join(life: NodeProcess): Promise<void> {
    const { faultTimeoutMs, watcher } = this.#options;
    const node = await life.product.ClusterNode.start({
      coordinator: `ws://${hostOf(0)}:${port}`,
      name: life.process.name,
      memory: watcher.memory(life),
      transports: ['ws'],
      faultTimeoutMs,
      plainFaultTimeoutMs: faultTimeoutMs,
      joinTimeoutMs,
      rejoin: true,
      place: undefined,
      unservable: (error) => watcher.uncaught(life.process, error),
      link: {},
      listen: { host: life.process.host, port, insecure: true },
      advertise: undefined,
    });
    life.node = node;
    node.onRightsEnded((end) => watcher.rightsEnded(life, end));
  }
}

/** The address of the machine of this number: 0 is the coordinator's. */
export const hostOf = (number: number): string => `10.0.0.${number + 1}`;
