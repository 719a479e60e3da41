import { millis, type PageId, type Right } from '@pagewire/protocol';
import { between, pick, type Random, randomStream, World, type WorldNode, worldPage } from '@pagewire/sim';
import { stores, valueAfter } from '../litmus-test.js';
import type { Outcome, Program, Step, Value } from '../program.js';
import type { Glance, IterationPlan } from '../target.js';

/** Deliveries that stand for one access when a plan says how many accesses to wait. */
const actionsPerAccess = 6;
/** Actions after which a run that has not ended never will. */
const mostActions = 100_000;

/** A thread on its way through its operations. */
interface Walker {
  readonly number: number;
  readonly node: WorldNode;
  readonly steps: readonly Step[];
  readonly crashes: boolean;
  readonly startsAt: readonly number[];
  done: number;
  /** It has asked for a page and waits. */
  waits: boolean;
  ended: boolean;
}

/**
 * One iteration on the real agent and home machines: every message, operation, eviction and death is an action, and which comes next is drawn.
 * A page of the simulated world holds one number; here it stands for the values of all locations on the page.
 */
export class MachineRun {
  readonly #program: Program;
  readonly #plan: IterationPlan;
  readonly #random: Random;
  readonly #world: World;
  readonly #nodes: readonly WorldNode[];
  readonly #walkers: readonly Walker[];
  readonly #registers: Value[];
  /** The contents of pages by number: the value of every location; number 0 is all zeros. */
  readonly #contents: number[][];
  readonly #numbers = new Map<string, number>();
  /** Reads by nodes that are not asked what they saw, still to come. */
  readonly #glances: Glance[];
  /** How likely it is that a link that could deliver does not: some are slow for a whole iteration. */
  readonly #laziness = new Map<string, number>();
  readonly #dead: WorldNode[] = [];
  readonly #lostPages = new Set<PageId>();
  readonly #evictions: number;
  readonly log: string[] = [];
  #actions = 0;

  constructor(program: Program, plan: IterationPlan, standingNodes: number, options: { readonly log: boolean } = { log: false }) {
    this.#program = program;
    this.#plan = plan;
    this.#random = randomStream(plan.seed, 'machine run');
    this.#glances = [...plan.glances];
    this.#registers = Array.from({ length: program.registerCount }, () => 'lost');
    const zeros = program.locations.map(() => 0);
    this.#contents = [zeros];
    this.#numbers.set(zeros.join(' '), 0);
    this.#evictions = this.#random() < 0.5 ? 0 : 0.05;
    this.#world = new World(program.layout.pageCount, {
      agentEffect: (node, effect) => {
        if (effect.kind === 'permit') this.#permitted(node, effect.page);
        if (effect.kind === 'fail') this.#failed(node, effect.page);
        if (effect.kind === 'violation') throw new Error(`node ${node.id} accuses ${effect.from}: ${effect.what}`);
      },
      homeEffect: (effect) => {
        if (effect.kind === 'lost') this.#lostPages.add(effect.page);
        if (effect.kind === 'violation') throw new Error(`the home accuses ${effect.from}: ${effect.what}`);
      },
      ...(options.log ? { sent: ({ from, to, message }) => this.log.push(`  ${from} > ${to}: ${JSON.stringify(message)}`) } : {}),
    });
    const count = Math.max(standingNodes, ...plan.nodes.map((node) => node + 1));
    this.#nodes = Array.from({ length: count }, (_, index) => this.#world.join(index + 1));
    this.#walkers = program.threads.map(({ steps, crashes }, number) => ({
      number,
      node: this.#nodeAt(plan.nodes[number] ?? 0),
      steps,
      crashes,
      startsAt: plan.startsAt[number] ?? [],
      done: 0,
      waits: false,
      ended: steps.length === 0 && !crashes,
    }));
  }

  play(): Outcome {
    this.#warmUp();
    this.#actions = 0;
    while (!this.#isOver()) {
      this.#actions += 1;
      if (this.#actions > mostActions) throw new Error(`test "${this.#program.test.name}" has not ended after ${mostActions} actions`);
      this.#act();
    }
    this.#world.settle();
    return [...this.#registers, ...this.#finals()];
  }

  #nodeAt(index: number): WorldNode {
    const node = this.#nodes[index];
    if (node === undefined) throw new Error(`there is no node ${index}`);
    return node;
  }

  #warmUp(): void {
    for (const { node, page, right } of this.#plan.warmUps) {
      this.#fault(this.#nodeAt(node), worldPage(page), right);
      // Some pages are still on their way when the iteration begins.
      if (this.#random() < 0.8) this.#world.settle();
    }
  }

  #isOver(): boolean {
    return this.#walkers.every(({ ended }) => ended) && this.#dead.length === 0;
  }

  /** Draws what happens next among all that can. */
  #act(): void {
    const links = this.#world.busyLinks();
    const ready = this.#walkers.filter((walker) => this.#isReady(walker));
    const choices: (() => void)[] = [
      ...links.map(([from, to]) => () => {
        if (this.#random() >= this.#lazinessOf(`${from}>${to}`)) this.#world.deliver(from, to);
      }),
      ...ready.map((walker) => () => this.#goOn(walker)),
      ...this.#glances.filter(({ at }) => this.#isTimeFor(at)).map((glance) => () => this.#glance(glance)),
    ];
    const dead = this.#dead[0];
    if (dead !== undefined && (choices.length === 0 || this.#random() < 0.05)) return this.#declareLost(dead);
    if (this.#random() < this.#evictions) return this.#evict();
    // With nothing else to do, time passes until an operation may begin.
    if (choices.length > 0) pick(this.#random, choices)();
  }

  #isReady({ ended, waits, done, startsAt }: Walker): boolean {
    if (ended || waits) return false;
    return this.#isTimeFor(startsAt[done] ?? 0);
  }

  #isTimeFor(at: number): boolean {
    return this.#actions >= at * actionsPerAccess;
  }

  #glance(glance: Glance): void {
    this.#glances.splice(this.#glances.indexOf(glance), 1);
    this.#fault(this.#nodeAt(glance.node), worldPage(this.#program.pages[glance.location] ?? 0), 'readonly');
  }

  #lazinessOf(link: string): number {
    let laziness = this.#laziness.get(link);
    if (laziness === undefined) {
      laziness = this.#random() < 0.3 ? this.#random() * 0.95 : 0;
      this.#laziness.set(link, laziness);
    }
    return laziness;
  }

  #goOn(walker: Walker): void {
    const step = walker.steps[walker.done];
    if (step === undefined) return this.#die(walker);
    const page = worldPage(step.page);
    const right: Right = stores(step.operation) ? 'exclusive' : 'readonly';
    const held = walker.node.frame(page).right;
    if (held === 'exclusive' || held === right) return this.#perform(walker, step);
    walker.waits = true;
    this.#fault(walker.node, page, right);
  }

  #fault(node: WorldNode, page: PageId, right: Right): void {
    const held = node.frame(page).right;
    if (held === 'exclusive' || held === right) return;
    this.#world.toAgent(node, { kind: 'fault', pages: [page], right, deadline: millis(Number.POSITIVE_INFINITY) });
  }

  /** A granted page stays until the accesses that wait for it have been done; those that need more than was granted fault again. */
  #permitted(node: WorldNode, page: PageId): void {
    for (const walker of this.#walkers) {
      const step = walker.steps[walker.done];
      if (!walker.waits || walker.node !== node || step === undefined || worldPage(step.page) !== page) continue;
      walker.waits = false;
      this.#goOn(walker);
    }
  }

  #failed(node: WorldNode, page: PageId): void {
    for (const walker of this.#walkers) {
      const step = walker.steps[walker.done];
      if (walker.waits && walker.node === node && step !== undefined && worldPage(step.page) === page) walker.ended = true;
    }
  }

  #perform(walker: Walker, step: Step): void {
    const frame = walker.node.frame(worldPage(step.page));
    const values = this.#values(frame.value);
    const before = values[step.location] ?? 0;
    this.log.push(`thread ${walker.number} on node ${walker.node.id}: operation ${walker.done} finds ${before}`);
    if (stores(step.operation)) frame.value = this.#number(values.with(step.location, valueAfter(step.operation, before)));
    if (step.register !== undefined) this.#registers[step.register] = before;
    walker.done += 1;
    if (walker.done < walker.steps.length) return;
    if (!walker.crashes) walker.ended = true;
    // Dies in the middle of the step that made the access possible: what the agent would have sent next stays unsent.
    else if (this.#isReady(walker) && this.#random() < 0.5) this.#die(walker);
  }

  #die(walker: Walker): void {
    this.log.push(`node ${walker.node.id} dies`);
    walker.ended = true;
    this.#world.crash(walker.node.id);
    this.#dead.push(walker.node);
  }

  #declareLost(node: WorldNode): void {
    this.#dead.splice(this.#dead.indexOf(node), 1);
    this.#world.declareLost(node.id);
  }

  #evict(): void {
    const node = pick(
      this.#random,
      this.#nodes.filter(({ alive }) => alive),
    );
    const page = worldPage(between(this.#random, 0, this.#program.layout.pageCount - 1));
    this.#world.toAgent(node, { kind: 'evict', pages: [page] });
  }

  /** What some node that lives reads when everything is quiet. */
  #finals(): Value[] {
    const observer = pick(
      this.#random,
      this.#nodes.filter(({ alive }) => alive),
    );
    return this.#program.pages.map((index, location): Value => {
      const page = worldPage(index);
      this.#fault(observer, page, 'readonly');
      this.#world.settle();
      const { right, value } = observer.frame(page);
      if (right !== 'none') return this.#values(value)[location] ?? 0;
      if (this.#lostPages.has(page)) return 'lost';
      throw new Error(`page ${index} cannot be read when everything is quiet; the home says ${this.#world.home.stateOf(page)}`);
    });
  }

  #values(number: number): readonly number[] {
    const values = this.#contents[number];
    if (values === undefined) throw new Error(`a page holds ${number}, which no thread stored there`);
    return values;
  }

  #number(values: number[]): number {
    const key = values.join(' ');
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#contents.push(values) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}
