import type { LogLine } from '@pagewire/coordinator';
import type { Directory } from '@pagewire/coordinator/parts';
import type { ChosenMemory, RightsEnd } from '@pagewire/node/parts';
import { type HomeEffect, type HomeInput, pageId, pageIndex, type RegionId } from '@pagewire/protocol';
import type { Failure, Outcome, PlayOptions } from '../layer.js';
import { strike, type Victims } from './nemesis.js';
import { type Holder, PageGhosts } from './page-ghosts.js';
import { type Plan, type PlannedOperation, pageBytes } from './plan.js';
import type { ProductBundle } from './product-bundle.js';
import { codeOf, Program, type ProgramContext } from './program.js';
import { checkRest } from './rest.js';
import { type ClientProcess, type ClusterWatcher, hostOf, type NodeProcess, SimulatedCluster } from './simulated-cluster.js';
import type { SimulatedProcess } from './simulated-process.js';
import { SyncGhosts } from './sync-ghosts.js';
import { type WatchableHome, watchedDirectory } from './watched-directory.js';
import { watchedMemory } from './watched-memory.js';

/** How long everything may take to end once the faults are over, in virtual milliseconds; no timeout of the product is longer, but `syncTimeoutMs`. */
const healingMs = 60_000;
/** After this much of it no access fails for want of a cluster. */
const healedAfterMs = 15_000;

/** One seed, played with whole processes: faults for a while, then none, and everything must end well. */
export class ClusterRun implements ClusterWatcher, Victims, ProgramContext {
  readonly cluster: SimulatedCluster;
  readonly sync: SyncGhosts;
  readonly without: ReadonlySet<number>;
  readonly #plan: Plan;
  readonly #tracing: boolean;
  readonly #trace: string[] = [];
  readonly #counts: Record<string, number> = {};
  readonly #ghosts: PageGhosts;
  readonly #programs: readonly Program[];
  readonly #lives = new Map<number, NodeProcess>();
  readonly #clients: ClientProcess[] = [];
  /** Lives of nodes that the home counts no more. */
  readonly #lost = new Set<number>();
  #home: WatchableHome | undefined;
  #region: RegionId | undefined;
  #failure: Failure | undefined;
  #values = 0;
  #healedAt: number | undefined;

  constructor(plan: Plan, bundle: ProductBundle, { without = new Set(), trace = false }: PlayOptions) {
    this.#plan = plan;
    this.without = without;
    this.#tracing = trace;
    const broken = (failure: Failure): void => this.broken(failure);
    this.#ghosts = new PageGhosts(plan.pages, pageBytes, broken);
    this.sync = new SyncGhosts((node, incarnation) => node.incarnation !== incarnation || this.#lost.has(incarnation), broken);
    this.#programs = plan.lanes.map((lane, number) => new Program(lane, number, this));
    this.cluster = new SimulatedCluster({ ...plan, bundle, watcher: this });
  }

  get nodes(): number {
    return this.#plan.nodes;
  }

  get pages(): number {
    return this.#plan.pages;
  }

  get hurry(): boolean {
    return this.#healedAt !== undefined;
  }

  async play(): Promise<Outcome> {
    const unhandled = (error: unknown): void =>
      this.broken({ kind: 'unhandled rejection', what: `a promise was rejected with nobody to hear it: ${show(error)}` });
    process.on('unhandledRejection', unhandled);
    try {
      await this.#play();
    } catch (error) {
      this.broken({ kind: 'simulation', what: `the simulation itself failed: ${show(error)}` });
    } finally {
      process.off('unhandledRejection', unhandled);
    }
    return { seed: this.#plan.seed, events: this.cluster.time.events, counts: this.#counts, failure: this.#failure, trace: this.#trace };
  }

  async #play(): Promise<void> {
    const { cluster } = this;
    const { nodes, clients, nemeses, untilMs } = this.#plan;
    await cluster.startCoordinator(this.#machine(0));
    for (let node = 1; node <= nodes; node += 1) this.restart(node);
    for (let client = 1; client <= clients; client += 1) {
      const host = nodes + client;
      const node = 1 + (client % nodes);
      const life = cluster.startClient(client, host, node, this.#machine(host), () =>
        this.#startPrograms('client', client, (program) => program.onClient(life)),
      );
      this.#clients.push(life);
    }
    for (const nemesis of nemeses) {
      if (!this.without.has(nemesis.part))
        cluster.time.at(nemesis.atMs, () => {
          if (this.#healedAt === undefined) strike(nemesis, this);
        });
    }
    await cluster.time.run(untilMs);
    this.#heal();
    await cluster.time.run(cluster.time.now + healingMs, () => this.#programs.every(({ done }) => done));
    for (const { done, name, current } of this.#programs) {
      if (!done)
        this.broken({
          kind: 'I6',
          what: `${name} is stuck ${current === undefined ? 'between two operations' : `in ${current.what}`} (I6)`,
        });
    }
    if (this.#failure === undefined)
      await checkRest({
        cluster,
        nodes: this.nodes,
        life: (node) => this.#lives.get(node),
        clients: this.#clients,
        pages: this.pages,
        isLost: (page) => this.#ghosts.isLost(page),
        broken: (failure) => this.broken(failure),
      });
    cluster.time.stop();
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
    for (let node = 1; node <= this.#plan.nodes; node += 1) this.restart(node);
  }

  // What nemeses need.

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
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }

  #startPrograms(on: 'node' | 'client', index: number, start: (program: Program) => Promise<void>): void {
    for (const program of this.#programs) {
      if (program.lane.on !== on || program.lane.index !== index) continue;
      start(program).catch((error: unknown) => this.broken({ kind: 'program', what: `${program.name} failed: ${show(error)}` }));
    }
  }

  // What programs need.

  fresh(): number {
    this.#values += 1;
    return this.#values;
  }

  began(program: Program, { what, page }: PlannedOperation): void {
    this.trace(`${program.name} begins ${what} of page ${page}`);
  }

  ended(program: Program, { what, page, pages }: PlannedOperation, error: unknown): void {
    const code = error === undefined ? 'ok' : codeOf(error);
    this.trace(`${program.name} ends ${what}: ${code ?? show(error)}`);
    this.count(error === undefined ? what : `failed: ${code}`);
    if (error === undefined) return;
    if (code === undefined) return this.broken({ kind: 'error', what: `${program.name}: ${what} fails with ${show(error)}` });
    if (!expectedCodes.has(code)) this.broken({ kind: `code ${code}`, what: `${program.name}: ${what} fails with ${show(error)}` });
    if (code === 'page-lost') {
      const touched = Array.from({ length: this.pages - page }, (_, index) => page + index).slice(0, Math.max(1, pages));
      if (!touched.some((each) => this.#ghosts.isLost(each))) {
        this.broken({ kind: 'I8', what: `${program.name}: ${what} of page ${page} fails with page-lost, and it is not (I8)` });
      }
    }
    const healed = this.#healedAt !== undefined && this.cluster.time.now > this.#healedAt + healedAfterMs;
    if (healed && passingCodes.has(code) && !waits.has(what)) {
      this.broken({ kind: 'I6', what: `${program.name}: long after the last fault ${what} fails with ${show(error)} (I6)` });
    }
  }

  // What the cluster tells.

  directory(home: WatchableHome): Directory {
    this.#home = home;
    return watchedDirectory(home, (input, effects) => this.#directoryStepped(input, effects));
  }

  memory(life: NodeProcess): ChosenMemory {
    const holder = this.#holder(life);
    const quiet = (): boolean => !life.process.alive;
    return watchedMemory(life.product, {
      permitted: (page, right, bytes) => {
        if (quiet()) return;
        this.trace(`${life.process.name} may use page ${page} ${right}`);
        this.#ghosts.permitted(holder, page, right, bytes);
        this.#checkRecord(holder, page);
      },
      ended: (page, keeps, bytes) => {
        if (quiet()) return;
        this.trace(`${life.process.name} keeps ${keeps} of page ${page}`);
        this.#ghosts.ended(holder, page, keeps, bytes);
      },
      revokedAll: () => this.#ghosts.fenced(holder),
      used: (page, bytes) => {
        if (!quiet()) this.#ghosts.used(holder, page, bytes);
      },
    });
  }

  rightsEnded(life: NodeProcess, end: RightsEnd | undefined): void {
    if (!life.process.alive) return;
    this.count(end === undefined ? 'left' : 'fenced');
    this.trace(`${life.process.name} has no rights any more: ${end?.reason ?? 'it leaves'}`);
    if (end?.bug !== undefined) this.broken({ kind: 'bug', what: `${life.process.name}: ${show(end.bug)}` });
    if (end?.reason.includes('broke the protocol') === true)
      this.broken({ kind: 'violation', what: `${life.process.name}: ${end.reason}` });
  }

  logged(line: LogLine): void {
    const { level, event, ...fields } = line;
    this.trace(`coordinator: ${event} ${JSON.stringify(fields)}`);
    if (level === 'error') this.broken({ kind: event, what: `the coordinator reports ${JSON.stringify(line)}` });
  }

  uncaught(process: SimulatedProcess, error: unknown): void {
    // What a dead process still does in the event that killed it is no matter.
    if (process.alive) this.broken({ kind: 'uncaught', what: `${process.name} throws ${show(error)}` });
  }

  warned(process: SimulatedProcess, warning: string): void {
    if (process.alive) this.broken({ kind: 'bug', what: `${process.name} warns: ${warning}` });
  }

  tampered(process: SimulatedProcess): void {
    this.broken({ kind: 'tampered', what: `${process.name} has changed bytes that it had sent and that nobody had confirmed` });
  }

  trace(what: string): void {
    if (this.#tracing) this.#trace.push(`${this.cluster.time.now.toFixed(3).padStart(12)}  ${what}`);
  }

  broken(failure: Failure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.trace(`BROKEN: ${failure.what}`);
    this.cluster.time.stop();
  }

  #directoryStepped(input: HomeInput, effects: readonly HomeEffect[]): void {
    if (input.kind === 'region-created') this.#region = input.region;
    if (input.kind === 'member-lost') this.#lost.add(input.member);
    if (this.#tracing && input.kind !== 'tick') this.trace(`home hears ${brief(input)}`);
    for (const effect of effects) {
      if (this.#tracing) this.trace(`  home: ${brief(effect)}`);
      if (effect.kind === 'violation') this.broken({ kind: 'violation', what: `the home accuses node ${effect.from}: ${effect.what}` });
      if (effect.kind !== 'lost') continue;
      this.count('pages lost');
      this.#ghosts.declaredLost(pageIndex(effect.page));
    }
  }

  /** I7: the home knows every holder. */
  #checkRecord(holder: Holder, page: number): void {
    const home = this.#home;
    if (home === undefined || holder.gone) return;
    if (this.#region === undefined || home.holdersOf(pageId(this.#region, page)).some((member) => member === holder.incarnation)) return;
    this.broken({ kind: 'I7', what: `the home does not know that ${holder.name} holds page ${page} (I7)` });
  }

  #holder(life: NodeProcess): Holder {
    const lost = this.#lost;
    const holder: Holder = {
      name: life.process.name,
      get incarnation() {
        return life.node?.incarnation ?? 0;
      },
      get gone() {
        return !life.process.alive || lost.has(holder.incarnation);
      },
    };
    return holder;
  }

  #machine(host: number): Plan['machines'][number] {
    const traits = this.#plan.machines[host];
    if (traits === undefined) throw new Error(`no machine ${hostOf(host)}`);
    return traits;
  }
}

/** Failures that a program must expect of a cluster in which nodes die. */
const expectedCodes = new Set(['page-lost', 'fenced', 'timeout', 'outcome-unknown', 'unreachable', 'closed', 'broken', 'overloaded']);
/** Those that pass when the faults are over. */
const passingCodes = new Set(['fenced', 'timeout', 'unreachable', 'overloaded', 'closed', 'outcome-unknown']);
/** What may time out for want of a partner. */
const waits: ReadonlySet<string> = new Set(['barrier', 'wait', 'lock', 'semaphore']);

const show = (error: unknown): string =>
  error instanceof Error ? (codeOf(error) === undefined ? (error.stack ?? error.message) : error.message) : String(error);
const brief = (what: HomeInput | HomeEffect): string =>
  JSON.stringify(what, (_key, value: unknown) => (value instanceof Uint8Array ? `${value.length} bytes` : value));
