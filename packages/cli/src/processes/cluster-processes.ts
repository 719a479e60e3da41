import { fileURLToPath } from 'node:url';
import { CommandError } from '../failure.js';
import type { MemoryChoice, TransportChoice } from '../options/values.js';
import { showAddress } from '../options/values.js';
import { type Exit, ManagedProcess } from './managed-process.js';
import { type CoordinatorReady, coordinatorReady, type NodeReady, nodeReady } from './ready-line.js';

/** What to start. */
export interface ClusterOptions {
  readonly nodes: number;
  readonly host: string;
  /** The coordinator's port; nodes get the following ones. 0 lets each process pick a free one. */
  readonly port: number;
  readonly transport: TransportChoice;
  readonly memory: MemoryChoice;
  /** Allow a host beyond loopback. */
  readonly insecure: boolean;
}

export interface ClusterEvents {
  /** A line that a process logged. */
  log(label: string, line: string): void;
  /** A node ended without being asked to; the others go on. */
  nodeEnded(label: string, pid: number, exit: Exit): void;
}

/** How long all processes may take until they are ready. */
export const startTimeoutMs = 30_000;
/** How long a node may take to hand its pages over and leave, and then the coordinator to close, before they are killed. */
const leaveGraceMs = 8_000;
export const closeGraceMs = 3_000;

/** The `pagewire` command itself. */
export const pagewireProgram = fileURLToPath(new URL('../../bin/pagewire.mjs', import.meta.url));

/**
 * A coordinator and its nodes as child processes. `stop` takes them down in order: nodes leave while the coordinator still stands. None
 * outlives this process: each child ends when the IPC channel to it breaks.
 */
export class ClusterProcesses {
  readonly #options: ClusterOptions;
  readonly #events: ClusterEvents;
  readonly #processes: ManagedProcess[] = [];
  readonly #killAll = (): void => {
    for (const process of this.#processes) process.kill();
  };
  #stopped: Promise<void> | undefined;

  private constructor(options: ClusterOptions, events: ClusterEvents) {
    this.#options = options;
    this.#events = events;
    process.once('exit', this.#killAll);
  }

  /** Starts all processes and resolves when they are ready. If one fails, or `asked` aborts, takes down what was started and throws. */
  static async start(options: ClusterOptions, events: ClusterEvents, stop: StopSignals): Promise<RunningCluster> {
    const processes = new ClusterProcesses(options, events);
    try {
      return await inTime(processes.#startAll(), startTimeoutMs, stop);
    } catch (error) {
      await processes.stop(stop.insisted);
      throw error;
    }
  }

  /** Takes the processes down: nodes first, then the coordinator; what does not end in time, or when `insisted` aborts, is killed. */
  stop(insisted: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stopAll(insisted);
    return this.#stopped;
  }

  async #stopAll(insisted: AbortSignal): Promise<void> {
    const [coordinator, ...nodes] = this.#processes;
    await Promise.all(nodes.map((node) => this.#end(node, leaveGraceMs, insisted)));
    if (coordinator !== undefined) await this.#end(coordinator, closeGraceMs, insisted);
    process.off('exit', this.#killAll);
  }

  async #end(child: ManagedProcess, graceMs: number, insisted: AbortSignal): Promise<void> {
    if (!child.alive) return;
    const { signal } = await child.stop(graceMs, insisted);
    if (signal === 'SIGKILL') this.#events.log(child.label, 'killed, because it did not end when asked');
  }

  async #startAll(): Promise<RunningCluster> {
    const { host, port, nodes, transport } = this.#options;
    const coordinator = this.#spawn('coordinator', ['coordinator', '--listen', showAddress({ host, port })]);
    const ready = coordinatorReady(await coordinator.ready);
    const started = Array.from({ length: nodes }, (_, index) => this.#startNode(index, ready));
    const nodeLines = await Promise.all(started);
    return {
      coordinator: { ...ready, url: urlOf(ready, transport === 'grpc' ? 'grpc' : 'ws') },
      coordinatorEnded: coordinator.exited,
      nodes: nodeLines,
      processes: this,
    };
  }

  async #startNode(index: number, coordinator: CoordinatorReady): Promise<NodeReady> {
    const { host, port, transport, memory } = this.#options;
    const name = `n${index + 1}`;
    const via = transportOfNode(transport, index);
    const listen = showAddress({ host, port: port === 0 ? 0 : port + 1 + index });
    const node = this.#spawn(name, [
      ...['node', '--name', name, '--coordinator', urlOf(coordinator, via), '--listen', listen],
      ...['--transport', transport, '--memory', memory],
    ]);
    const ready = nodeReady(await node.ready);
    void node.exited.then((exit) => {
      if (!node.stopping) this.#events.nodeEnded(name, node.pid, exit);
    });
    return ready;
  }

  #spawn(label: string, args: readonly string[]): ManagedProcess {
    if (this.#stopped !== undefined) throw new CommandError(`${label} was not started: the cluster is being stopped`);
    const child = new ManagedProcess({
      label,
      program: pagewireProgram,
      args: [...args, '--json', '--parent-ipc', ...(this.#options.insecure ? ['--insecure'] : [])],
      onLog: (line) => this.#events.log(label, line),
    });
    this.#processes.push(child);
    return child;
  }
}

/** When to give up starting and when to stop waiting, and what to exit with then; `StopRequests` is one. */
export interface StopSignals {
  readonly asked: AbortSignal;
  readonly insisted: AbortSignal;
  readonly exitCode: number;
}

export interface RunningCluster {
  readonly coordinator: CoordinatorReady;
  /** Resolves when the coordinator is gone: a cluster cannot go on without it. */
  readonly coordinatorEnded: Promise<Exit>;
  readonly nodes: readonly NodeReady[];
  readonly processes: ClusterProcesses;
}

/**
 * How node number `index` reaches the coordinator, and which of its URLs it offers to peers first. With both transports they alternate, so
 * that some pairs of nodes meet by ws and some by gRPC.
 */
export function transportOfNode(transport: TransportChoice, index: number): 'ws' | 'grpc' {
  if (transport === 'both') return index % 2 === 0 ? 'ws' : 'grpc';
  return transport;
}

export function urlOf(ready: CoordinatorReady, transport: 'ws' | 'grpc'): string {
  return ready.urls.find((url) => url.startsWith(`${transport}:`)) ?? ready.url;
}

/** Resolves as `work` does, and rejects when it takes longer or `stop` is asked for first. */
export function inTime<T>(work: Promise<T>, timeoutMs: number, stop: StopSignals): Promise<T> {
  const { asked } = stop;
  return new Promise((resolve, reject) => {
    const interrupted = (): void => reject(new CommandError('stopped before the cluster was ready', stop.exitCode));
    const timer = setTimeout(() => reject(new CommandError(`the cluster was not ready within ${timeoutMs / 1000} s`)), timeoutMs);
    if (asked.aborted) interrupted();
    asked.addEventListener('abort', interrupted, { once: true });
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      asked.removeEventListener('abort', interrupted);
    });
  });
}
