import { pick, randomStream } from '@pagewire/sim';
import { Batch, type Pace } from '../processes/batch.js';
import { NodeCluster } from '../processes/node-cluster.js';
import type { NodeProcess } from '../processes/node-process.js';
import { clockUs, type LaneReport, pageBytes, type RunReport } from '../processes/orders.js';
import type { Program } from '../program.js';
import type { IterationPlan, LitmusTarget, Observation } from '../target.js';

export interface ProcessesOptions {
  readonly memory: 'software' | 'mapped';
  readonly standingNodes: number;
}

/** Iterations that run together: enough to outweigh telling the nodes, few enough that the nodes stay in step. */
const together = 32;
/** Iterations that share one killed node, and such groups at a time: each waits for a lease to end. */
const togetherPerDeath = 32;
const deathsAtATime = 2;

/** Nobody is killed, and nobody loses a lease because a machine is busy. */
const calmLeaseMs = 20_000;
/** How long each killed node is waited for; nodes of a busy machine should not lose shorter ones. */
const shortLeaseMs = 1500;

/** What time all nodes are given to hear of a batch. */
const leadUs = 3000;

/** Regions whose sizes are multiples of this have buffers of their exact lengths in mapped memory. */
const wasmPageBytes = 65_536;

const crashes = ({ threads }: Program): boolean => threads.some((thread) => thread.crashes);

/** Nodes, and how fast they are. */
interface Running {
  readonly cluster: NodeCluster;
  pace: Pace;
}

interface BatchResult {
  readonly observations: Observation[];
  /** What each node said of its lanes, unless it was killed. */
  readonly reports: readonly (RunReport | undefined)[];
  /** When the last node died, as a multiple of when it was to die. */
  readonly deathDelay: number;
}

/** Real processes on this machine: a coordinator and nodes, each of which runs one thread of an iteration. */
export class ProcessesTarget implements LitmusTarget {
  readonly name: string;
  readonly crashShare = 1 / 5;
  readonly standingNodes: number;
  readonly #options: ProcessesOptions;
  /** With long leases for tests in which nobody is killed, and with short ones for the others. */
  readonly #running = new Map<number, Promise<Running>>();

  constructor(options: ProcessesOptions) {
    this.name = options.memory === 'mapped' ? 'mapped' : 'processes';
    this.standingNodes = options.standingNodes;
    this.#options = options;
  }

  batchSize(program: Program): number {
    return crashes(program) ? togetherPerDeath * deathsAtATime : together;
  }

  async run(program: Program, plans: readonly IterationPlan[]): Promise<readonly Observation[]> {
    const leaseMs = crashes(program) ? shortLeaseMs : calmLeaseMs;
    const running = await this.#runningWith(leaseMs);
    try {
      if (crashes(program)) return await this.#runDeadly(running, program, plans);
      const observations = await this.#runCalm(running, program, plans);
      if (observations.some((observation) => 'spoiled' in observation)) await this.#giveUp(leaseMs, running);
      return observations;
    } catch (error) {
      await this.#giveUp(leaseMs, running);
      const spoiled = error instanceof Error ? error.message : String(error);
      return plans.map(() => ({ spoiled }));
    }
  }

  /** What is left of a cluster in which something failed that must not is of no use for the tests that follow. */
  async #giveUp(leaseMs: number, { cluster }: Running): Promise<void> {
    this.#running.delete(leaseMs);
    await cluster[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = await Promise.allSettled(this.#running.values());
    await Promise.all(running.map((each) => (each.status === 'fulfilled' ? each.value.cluster[Symbol.asyncDispose]() : undefined)));
  }

  #runningWith(leaseMs: number): Promise<Running> {
    let running = this.#running.get(leaseMs);
    if (running === undefined) {
      running = NodeCluster.start({ ...this.#options, leaseMs }).then((cluster) => ({ cluster, pace: { accessUs: 800, apartUs: 1000 } }));
      this.#running.set(leaseMs, running);
    }
    return running;
  }

  async #runCalm(running: Running, program: Program, plans: readonly IterationPlan[]): Promise<Observation[]> {
    const { cluster, pace } = running;
    const plainly = this.#options.memory === 'mapped';
    const { observations, reports } = await this.#runBatch(running, cluster.standing, program, plans, () => plainly);
    const accessUs = measured(pace, reports);
    const endedUs = Math.max(...reports.map((report) => report?.endedUs ?? 0));
    // As fast as the nodes can do them: those that fall behind would not race.
    const isLate = endedUs > plans.length * pace.apartUs + 8 * accessUs;
    running.pace = { accessUs, apartUs: Math.min(20_000, Math.max(20, pace.apartUs * (isLate ? 1.2 : 0.92))) };
    return observations;
  }

  async #runDeadly(running: Running, program: Program, plans: readonly IterationPlan[]): Promise<Observation[]> {
    const groups: IterationPlan[][] = [];
    for (let first = 0; first < plans.length; first += togetherPerDeath) groups.push(plans.slice(first, first + togetherPerDeath));
    return (await Promise.all(groups.map((group) => this.#runToDeath(running, program, group)))).flat();
  }

  /**
   * A group of iterations for which the same nodes are killed. With mapped memory only these touch memory plainly: a plain access of another
   * node to a page that is lost would end its process.
   */
  async #runToDeath(running: Running, program: Program, plans: readonly IterationPlan[]): Promise<Observation[]> {
    const { standing } = running.cluster;
    const doomed = await running.cluster.takeDoomed(program.threads.filter((thread) => thread.crashes).length);
    const before = await incarnationsOf(standing);
    const plainly = (node: number): boolean => this.#options.memory === 'mapped' && node >= this.standingNodes;
    let batch: BatchResult;
    try {
      batch = await this.#runBatch(running, [...standing, ...doomed], program, plans, plainly);
    } catch (error) {
      for (const node of doomed) node.kill();
      if (standing.some((node) => node.ended)) throw error;
      // A node that was fenced cannot do what it is told.
      const spoiled = error instanceof Error ? error.message : String(error);
      return plans.map(() => ({ spoiled }));
    }
    const after = await incarnationsOf(standing);
    const accessUs = measured(running.pace, batch.reports);
    // Survivors that are faster than what they are to see would see nothing of it.
    const apartUs = Math.max(accessUs, running.pace.apartUs * (batch.deathDelay > 1.5 ? 1.4 : 0.8));
    running.pace = { accessUs, apartUs: Math.min(20_000, apartUs) };
    const fenced = standing.find((_, node) => after[node] !== before[node]);
    if (fenced === undefined) return batch.observations;
    return plans.map(() => ({ spoiled: `node ${fenced.start.name} was fenced, which nobody killed` }));
  }

  async #runBatch(
    { cluster, pace }: Running,
    nodes: readonly NodeProcess[],
    program: Program,
    plans: readonly IterationPlan[],
    plainly: (node: number) => boolean,
  ): Promise<BatchResult> {
    const batch = new Batch(program, plans, nodes.length);
    const region = cluster.freshName('region-');
    const bytes = Math.ceil((batch.pageCount * pageBytes) / wasmPageBytes) * wasmPageBytes;
    await Promise.all(nodes.map((node) => node.call('open', region, bytes)));
    await Promise.all(nodes.map((node, index) => node.call('warmUp', region, batch.touches(index))));
    let deathDelay = 0;
    const reports = await Promise.all(
      batch.orders(clockUs() + leadUs, pace, plainly).map(async (order, index) => {
        const running = nodes[index]?.call('run', region, order);
        if (order.diesAtUs === undefined) return await running;
        await nodes[index]?.ending();
        deathDelay = Math.max(deathDelay, (clockUs() - order.startsAtUs) / order.diesAtUs);
        // Its end is what it was told to do.
        return await running?.catch(() => undefined);
      }),
    );
    const observer = pick(randomStream(plans[0]?.seed ?? 0, 'observer'), cluster.standing);
    const finals = await observer.call('read', region, batch.offsets);
    this.#forget(cluster, region);
    const lanes = reports.map((report): readonly LaneReport[] | undefined => report?.lanes);
    return { observations: batch.observations(lanes, finals), reports, deathDelay };
  }

  /** Deletes a region while the next one is made. A node that cannot, because it has ended, fails what it is told next. */
  #forget({ standing }: NodeCluster, region: string): void {
    const closing = Promise.all(standing.map((node, index) => node.call('close', region, index === 0)));
    closing.catch(() => {});
  }
}

/** How long accesses take, as it seems after one more batch. */
function measured({ accessUs }: Pace, reports: readonly (RunReport | undefined)[]): number {
  const times = reports.flatMap((report) => (report !== undefined && report.accessUs > 0 ? [report.accessUs] : []));
  const meanUs = times.length === 0 ? accessUs : times.reduce((sum, time) => sum + time, 0) / times.length;
  return Math.min(3000, Math.max(50, 0.7 * accessUs + 0.3 * meanUs));
}

const incarnationsOf = (nodes: readonly NodeProcess[]): Promise<number[]> => Promise.all(nodes.map((node) => node.call('incarnation')));
