import { checkHistory, explain, HistoryRecorder, type RecordedProcess } from '@pagewire/history';
import type { Outcome, PlayOptions } from '../layer.js';
import { ClusterWatch } from './cluster-watch.js';
import { codeOf, showError } from './errors-of-processes.js';
import { judgeFailure } from './judge-operation.js';
import { strike, type Victims } from './nemesis.js';
import type { Plan, PlannedOperation, Recorded } from './plan.js';
import type { ProductBundle } from './product-bundle.js';
import { Program, type ProgramContext } from './program.js';
import { checkRest } from './rest.js';
import { RunLog } from './run-log.js';
import { type ClientProcess, hostOf, type NodeProcess, SimulatedCluster } from './simulated-cluster.js';
import { SyncGhosts } from './sync-ghosts.js';
import { WakeUpGhosts } from './wake-up-ghosts.js';

/** How long everything may take to end once the faults are over, in virtual milliseconds: a program may wait for nothing many times. */
const healingMs = 300_000;
/** After this much of it no access fails for want of a cluster. */
const healedAfterMs = 15_000;

/** Values that are written differ by more than `add` adds to any of them. */
const valuesApart = 4096;

/** One seed, played with whole processes: faults for a while, then none, and everything must end well. */
export class ClusterRun implements Victims, ProgramContext {
  readonly cluster: SimulatedCluster;
  readonly sync: SyncGhosts;
  readonly wakeUps: WakeUpGhosts;
  readonly without: ReadonlySet<number>;
  readonly #plan: Plan;
  readonly #log: RunLog;
  readonly #watch: ClusterWatch;
  readonly #programs: readonly Program[];
  readonly #lives = new Map<number, NodeProcess>();
  readonly #clients: ClientProcess[] = [];
  readonly #recorder = new HistoryRecorder({ now: () => Math.round(this.now() * 1e6) });
  #values = 0;
  #healedAt: number | undefined;

  constructor(plan: Plan, bundle: ProductBundle, { without = new Set(), trace = false }: PlayOptions) {
    this.#plan = plan;
    this.without = without;
    this.#log = new RunLog(trace);
    this.#watch = new ClusterWatch(plan.pages, this.#log, plan.nemeses.length === 0 && plan.network.spikes === 0);
    this.sync = new SyncGhosts((node, incarnation) => this.#watch.isGone(node, incarnation), this.#log.broken);
    this.wakeUps = new WakeUpGhosts(this.#log.broken);
    this.#programs = plan.lanes.map((lane, number) => new Program(lane, number, this));
    this.cluster = new SimulatedCluster({ ...plan, bundle, watcher: this.#watch });
    this.#log.follow(this.cluster.time);
  }

  get nodes(): number {
    return this.#plan.nodes;
  }

  get pages(): number {
    return this.#plan.pages;
  }

  get recorded(): Recorded | undefined {
    return this.#plan.recorded;
  }

  get hurry(): boolean {
    return this.#healedAt !== undefined;
  }

  async play(): Promise<Outcome> {
    const { broken, counts, lines } = this.#log;
    const unheard = (error: unknown): void => broken({ kind: 'unhandled rejection', what: `nobody hears of ${showError(error)}` });
    process.on('unhandledRejection', unheard);
    try {
      await this.#play();
    } catch (error) {
      broken({ kind: 'simulation', what: `the simulation itself failed: ${showError(error)}` });
    } finally {
      process.off('unhandledRejection', unheard);
    }
    return { seed: this.#plan.seed, events: this.cluster.time.events, counts, failure: this.#log.failure, trace: lines };
  }

  async #play(): Promise<void> {
    const { time } = this.cluster;
    await this.#start();
    for (const nemesis of this.#plan.nemeses) {
      if (this.without.has(nemesis.part)) continue;
      time.at(nemesis.atMs, () => {
        if (!this.hurry) strike(nemesis, this);
      });
    }
    await time.run(this.#plan.untilMs);
    this.#heal();
    await time.run(time.now + healingMs, () => this.#programs.every(({ done }) => done));
    for (const { done, name, current } of this.#programs) {
      if (!done)
        this.#log.broken({
          kind: 'I6',
          what: `${name} is stuck ${current === undefined ? 'between operations' : `in ${current.what}`} (I6)`,
        });
    }
    if (this.recorded !== undefined) this.#checkHistory();
    if (!time.stopped) await this.#checkRest();
    time.stop();
  }

  async #start(): Promise<void> {
    const { nodes, clients } = this.#plan;
    await this.cluster.startCoordinator(this.#machine(0));
    for (let node = 1; node <= nodes; node += 1) this.restart(node);
    for (let client = 1; client <= clients; client += 1) {
      const host = nodes + client;
      const life = this.cluster.startClient(client, host, 1 + (client % nodes), this.#machine(host), () =>
        this.#startPrograms('client', client, (program) => program.onClient(life)),
      );
      this.#clients.push(life);
    }
  }

  #heal(): void {
    const { cluster } = this;
    this.trace('the faults are over');
    this.#healedAt = cluster.time.now;
    cluster.network.healAll();
    for (const process of cluster.processes) {
      process.spare();
      if (process.alive && process.paused) process.resume();
    }
    for (let node = 1; node <= this.nodes; node += 1) this.restart(node);
  }

  /** Sequentially consistent, and each cell linearizable in virtual time. */
  #checkHistory(): void {
    const verdict = checkHistory(this.#recorder.history());
    this.#log.count('histories');
    if (verdict.outcome !== 'unusable') {
      this.#log.count('operations of histories', verdict.counts.checked);
      this.#log.count('reads from others', verdict.counts.readFromOthers);
    }
    if (verdict.outcome !== 'consistent') this.#log.broken({ kind: `${verdict.outcome} history`, what: explain(verdict) });
  }

  #checkRest(): Promise<void> {
    return checkRest({
      cluster: this.cluster,
      nodes: this.nodes,
      life: (node) => this.#lives.get(node),
      clients: this.#clients,
      pages: this.pages,
      isLost: this.isLost,
      broken: this.#log.broken,
    });
  }

  readonly isLost = (page: number): boolean => this.#watch.ghosts.isLost(page);

  life(node: number): NodeProcess | undefined {
    const life = this.#lives.get(node);
    return life?.node !== undefined && life.process.alive ? life : undefined;
  }

  restart(node: number): void {
    if (this.#lives.get(node)?.process.alive === true) return;
    const life = this.cluster.startNode(node, this.#machine(node), () => {
      this.trace(`${life.process.name} has joined as ${life.node?.incarnation}`);
      this.#startPrograms('node', node, (program) => program.onNode(life));
    });
    this.#lives.set(node, life);
  }

  died(life: NodeProcess): void {
    this.trace(`${life.process.name} dies`);
    this.#lives.delete(life.index);
  }

  count(what: string): void {
    this.#log.count(what);
  }

  trace(what: string): void {
    this.#log.trace(what);
  }

  record(name: string): RecordedProcess | undefined {
    return this.recorded === undefined ? undefined : this.#recorder.process(name);
  }

  now(): number {
    return this.cluster.time.now;
  }

  fresh(): number {
    this.#values += valuesApart;
    return this.#values;
  }

  began(program: Program, { what, page }: PlannedOperation): void {
    this.trace(`${program.name} begins ${what} of page ${page}`);
  }

  ended(program: Program, operation: PlannedOperation, error: unknown): void {
    const code = error === undefined ? 'ok' : (codeOf(error) ?? 'a bug');
    this.trace(`${program.name} ends ${operation.what}: ${code}`);
    this.count(error === undefined ? operation.what : `failed: ${code}`);
    if (error === undefined) return;
    const healed = this.#healedAt !== undefined && this.cluster.time.now > this.#healedAt + healedAfterMs;
    judgeFailure(program.name, operation, error, { log: this.#log, ghosts: this.#watch.ghosts, healed });
  }

  #startPrograms(on: 'node' | 'client', index: number, start: (program: Program) => Promise<void>): void {
    for (const program of this.#programs) {
      if (program.lane.on !== on || program.lane.index !== index) continue;
      start(program).catch((error: unknown) => this.#log.broken({ kind: 'program', what: `${program.name}: ${showError(error)}` }));
    }
  }

  #machine(host: number): Plan['machines'][number] {
    const traits = this.#plan.machines[host];
    if (traits === undefined) throw new Error(`no machine ${hostOf(host)}`);
    return traits;
  }
}
