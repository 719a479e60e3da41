import { drawMachine } from './plan.js';
import type { ProductBundle } from './product-bundle.js';
import { logUniform, randomStream } from './random.js';
import { type ClusterWatcher, type NodeProcess, SimulatedCluster } from './simulated-cluster.js';

/** A cluster without faults, whose nodes have joined. */
export interface ReadyCluster {
  readonly cluster: SimulatedCluster;
  /** Lives of the nodes n1, n2, …; after `kill` start the next with `startNode`. */
  readonly lives: readonly NodeProcess[];
  /** Starts the next life of a node whose process is dead; resolves when it has joined. */
  restart(index: number): Promise<NodeProcess>;
  /**
   * Calls `work` in the process of a node and lets virtual time pass until it is done. Rejects with what it rejects, with the first bug that any
   * process shows meanwhile, or after `withinMs` of virtual time (default one minute).
   */
  run<T>(life: NodeProcess, work: () => Promise<T>, withinMs?: number): Promise<T>;
  /** The same for several at once. */
  runAll(works: readonly { readonly life: NodeProcess; readonly work: () => Promise<void> }[], withinMs?: number): Promise<void>;
  /** Resolves after so long by the clock of the process; for use inside of `work`. */
  sleep(life: NodeProcess, ms: number): Promise<void>;
}

const patienceMs = 60_000;

/** Starts a coordinator and `nodes` nodes on a network and on machines drawn from the seed. */
export async function readyCluster(
  bundle: ProductBundle,
  { seed, nodes, leaseMs = 1000 }: { readonly seed: number; readonly nodes: number; readonly leaseMs?: number },
): Promise<ReadyCluster> {
  const random = randomStream(seed, 'ready cluster');
  let bug: unknown;
  const broken = (what: unknown): void => {
    bug ??= what;
    cluster.time.stop();
  };
  const watcher: ClusterWatcher = {
    directory: (home) => home,
    memory: ({ product }) => product.softwareMemory('a simulation'),
    rightsEnded: (_, end) => end?.bug !== undefined && broken(end.bug),
    logged: (line) => line.level === 'error' && broken(new Error(`the coordinator reports ${JSON.stringify(line)}`)),
    uncaught: (process, error) => process.alive && broken(error),
    warned: (process, warning) => process.alive && broken(new Error(warning)),
    tampered: (process) => broken(new Error(`${process.name} has changed bytes that it had sent`)),
  };
  const slowestMs = logUniform(random, 0.1, 5);
  const cluster = new SimulatedCluster({
    seed,
    bundle,
    network: { fastestMs: logUniform(random, 0.02, slowestMs), slowestMs, spikes: random() * 0.02, spikeMs: 20 },
    leaseMs,
    renewEveryMs: Math.floor(leaseMs / 6),
    faultTimeoutMs: 5000,
    storeBytes: 1024 ** 2,
    watcher,
  });
  const machines = Array.from({ length: nodes + 1 }, () => drawMachine(random));
  const machine = (index: number): (typeof machines)[number] => machines[index] ?? drawMachine(random);
  const until = async (done: () => boolean, withinMs: number): Promise<void> => {
    await cluster.time.run(cluster.time.now + withinMs, () => bug !== undefined || done());
    if (bug !== undefined) throw bug;
    if (!done()) throw new Error(`the simulated cluster does not get done within ${withinMs} ms of virtual time`);
  };
  const start = async (index: number): Promise<NodeProcess> => {
    const life = cluster.startNode(index, machine(index), () => {});
    await until(() => life.node !== undefined, 2 * patienceMs);
    return life;
  };
  await cluster.startCoordinator(machine(0));
  const lives: NodeProcess[] = [];
  for (let index = 1; index <= nodes; index += 1) lives.push(await start(index));
  const runAll: ReadyCluster['runAll'] = async (works, withinMs = patienceMs) => {
    let pending = works.length;
    for (const { life, work } of works) {
      life.process.schedule(cluster.time.now, () => void work().then(() => (pending -= 1), broken));
    }
    await until(() => pending === 0, withinMs);
  };
  return {
    cluster,
    lives,
    restart: start,
    runAll,
    run: async <T>(life: NodeProcess, work: () => Promise<T>, withinMs?: number): Promise<T> => {
      const results: T[] = [];
      await runAll([{ life, work: async () => void results.push(await work()) }], withinMs);
      const [result] = results;
      // Whatever `work` resolved with was put there.
      return result as T;
    },
    sleep: ({ process }, ms) => new Promise((resolve) => void process.globals.setTimeout(resolve, ms)),
  };
}
