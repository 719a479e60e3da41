import type { Region } from '@pagewire/node';
import { bundleProduct, type NodeProcess, type ProductBundle, pick, type ReadyCluster, randomStream, readyCluster } from '@pagewire/sim';
import { Batch } from '../processes/batch.js';
import { readAll } from '../processes/call-access.js';
import type { Clock } from '../processes/moments.js';
import { type LaneReport, pageBytes, type RunOrder } from '../processes/orders.js';
import { runByCalls } from '../processes/run-lanes.js';
import type { Program } from '../program.js';
import type { IterationPlan, Observation } from '../target.js';

/** Whole nodes and a coordinator, simulated: everything but sockets, clocks and mapped memory is real. */
export class ProcessSimulation {
  readonly #standingNodes: number;
  #bundle: Promise<ProductBundle> | undefined;

  constructor(standingNodes: number) {
    this.#standingNodes = standingNodes;
  }

  /** Plays the plans together, on a cluster of their own whose network and machines are drawn from the first one's seed. */
  async run(program: Program, plans: readonly IterationPlan[]): Promise<readonly Observation[]> {
    this.#bundle ??= bundleProduct();
    const seed = plans[0]?.seed ?? 0;
    const doomed = program.threads.filter(({ crashes }) => crashes).length;
    const ready = await readyCluster(await this.#bundle, { seed, nodes: this.#standingNodes + doomed });
    return await new SimulatedBatch(ready, program, plans, this.#standingNodes).play();
  }
}

const regionName = 'litmus';

/** Several iterations on one simulated cluster. */
class SimulatedBatch {
  readonly #ready: ReadyCluster;
  readonly #batch: Batch;
  readonly #standing: readonly NodeProcess[];
  readonly #seed: number;
  readonly #regions = new Map<NodeProcess, Region>();

  constructor(ready: ReadyCluster, program: Program, plans: readonly IterationPlan[], standingNodes: number) {
    this.#ready = ready;
    this.#batch = new Batch(program, plans, ready.lives.length);
    this.#standing = ready.lives.slice(0, standingNodes);
    this.#seed = plans[0]?.seed ?? 0;
  }

  async play(): Promise<readonly Observation[]> {
    const { lives } = this.#ready;
    // One page more than the iterations have, to see how long an access takes.
    const bytes = (this.#batch.pageCount + 1) * pageBytes;
    await this.#each(lives, async (life) => void this.#regions.set(life, await openRegion(life, bytes)));
    const accessUs = await this.#accessUs(bytes - pageBytes);
    await this.#each(lives, async (life, node) => {
      const touch = async ({ page, right }: { page: number; right: 'readonly' | 'exclusive' }) =>
        await this.#region(life).prefetch(page * pageBytes, pageBytes, right);
      await Promise.all(this.#batch.touches(node).map(touch));
    });
    const lanes = await this.#run(this.#batch.orders(this.#nowUs(), { accessUs, apartUs: accessUs }, () => false));
    const observer = pick(randomStream(this.#seed, 'observer'), this.#standing);
    const finals = await this.#ready.run(observer, () => readAll(this.#region(observer), this.#batch.offsets));
    return this.#batch.observations(lanes, finals);
  }

  /** Nodes that die do so while the others are at work. */
  async #run(orders: readonly RunOrder[]): Promise<readonly (readonly LaneReport[] | undefined)[]> {
    const lanes: (readonly LaneReport[] | undefined)[] = orders.map(() => undefined);
    const { cluster, lives } = this.#ready;
    for (const [node, life] of lives.entries()) {
      const order = orders[node];
      if (order?.diesAtUs !== undefined)
        life.process.schedule(cluster.time.now, () => void this.#runAndDie(life, order, order.diesAtUs ?? 0));
    }
    await this.#each(this.#standing, async (life, node) => {
      const order = orders[node];
      if (order !== undefined) lanes[node] = (await runByCalls(this.#region(life), order, this.#clock(life))).lanes;
    });
    const doomed = lives.slice(this.#standing.length);
    await cluster.time.run(cluster.time.now + patienceMs, () => doomed.every(({ process }) => !process.alive));
    return lanes;
  }

  async #runAndDie(life: NodeProcess, order: RunOrder, diesAtUs: number): Promise<void> {
    const clock = this.#clock(life);
    await runByCalls(this.#region(life), order, clock);
    const atUs = order.startsAtUs + diesAtUs;
    if (clock.nowUs() < atUs) await clock.until(atUs);
    this.#ready.cluster.kill(life.process, { silently: false });
  }

  /** How long a page takes that nobody has. */
  async #accessUs(offset: number): Promise<number> {
    const [first] = this.#standing;
    if (first === undefined) throw new Error('some node lives on');
    const began = this.#nowUs();
    await this.#ready.run(first, () => this.#region(first).read(offset, 4));
    return this.#nowUs() - began;
  }

  #each(lives: readonly NodeProcess[], work: (life: NodeProcess, node: number) => Promise<void>): Promise<void> {
    return this.#ready.runAll(lives.map((life, node) => ({ life, work: () => work(life, node) })));
  }

  #region(life: NodeProcess): Region {
    const region = this.#regions.get(life);
    if (region === undefined) throw new Error(`${life.process.name} has no region open`);
    return region;
  }

  #clock(life: NodeProcess): Clock {
    const nowUs = (): number => this.#nowUs();
    // A process whose clock is slow is late; that is one more delay.
    return { nowUs, until: (atUs) => this.#ready.sleep(life, (atUs - nowUs()) / 1000) };
  }

  #nowUs(): number {
    return this.#ready.cluster.time.now * 1000;
  }
}

/** How long a node that dies may take, in virtual milliseconds. */
const patienceMs = 60_000;

async function openRegion({ node, process }: NodeProcess, bytes: number): Promise<Region> {
  if (node === undefined) throw new Error(`${process.name} has not joined`);
  return await node.region(regionName, { bytes, pageBytes });
}
