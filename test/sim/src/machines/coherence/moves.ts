import { HOME, type Millis, millis, type PageId, type Right, regionOf } from '@pagewire/protocol';
import type { Deaths } from '../deaths.js';
import { Draws, FINISH_PART, mixedFraction } from '../draws.js';
import type { Network } from '../network.js';
import { showFlight } from '../notation.js';
import type { Story } from '../story.js';
import type { World } from '../world.js';
import type { WorldNode } from '../world-node.js';
import { type Accesses, FAR_AWAY, type Use } from './accesses.js';
import type { Ghosts } from './ghosts.js';
import type { Leaving } from './leaving.js';
import type { Action, Mix } from './mix.js';
import { pageNumber, Regions } from './regions.js';

/** Living at a time, and in all: everyone who ever lived is looked at, again and again. */
const MOST_LIVING = 6;
const MOST_LIVES = 24;
/** How often something is done to a page that it can be done to, and not to any. */
const AIMED = 0.8;
/** How often an access may go to a page that is lost. */
const LOST_PAGES_TOO = 0.1;
/** Behind those that a run starts with. */
const FIRST_NEW_INCARNATION = 10;

/** What plays a run, together. */
export interface Parts {
  readonly seed: number;
  readonly mix: Mix;
  readonly world: World;
  readonly network: Network;
  readonly ghosts: Ghosts;
  readonly accesses: Accesses;
  readonly deaths: Deaths;
  readonly leaving: Leaving;
  readonly story: Story;
}

const nodeNumber = ({ id }: WorldNode): number => id;

/** What one step does, drawn from its own numbers: what it picks depends on the step and on who is there, and on no other step. */
export class Moves {
  readonly #regions: Regions;
  readonly #draws: Draws;
  #step = 0;
  readonly counts = { steps: 0, evictions: 0, trims: 0, pauses: 0, stalls: 0, joins: 0, regionsDeleted: 0 };

  constructor(readonly parts: Parts) {
    this.#draws = new Draws(parts.seed, FINISH_PART);
    this.#regions = new Regions(parts.world, parts.mix.pages);
  }

  /** The pages that exist. */
  pages(): readonly PageId[] {
    return this.#regions.pages();
  }

  play(step: number): void {
    this.#step = step;
    this.#draws.seek(step);
    this.counts.steps += 1;
    const action = this.#draws.weighted(this.parts.mix.weights);
    this.parts.deaths.keepAppointments(step);
    if (action === 'deliver') this.#deliver();
    else if (!this.#nodeActs(action)) this.#worldActs(action);
  }

  #tell(what: string, node?: WorldNode, pages?: readonly PageId[]): void {
    this.parts.story.step(this.#step, what, node, pages);
  }

  #deliver(): void {
    const { network, story, world } = this.parts;
    const flight = network.next(this.#draws, this.#step);
    if (flight === undefined) return;
    if (story.asked) this.#tell(`deliver ${showFlight(flight)}`);
    world.deliver(flight.from, flight.to);
  }

  get #awake(): WorldNode[] {
    const { network, world } = this.parts;
    return [...world.nodes.values()].filter((node) => node.alive && !network.isPaused(node, this.#step));
  }

  get #living(): number {
    let living = 0;
    for (const { alive } of this.parts.world.nodes.values()) if (alive) living += 1;
    return living;
  }

  /** True when the action is one of a node's. */
  #nodeActs(action: Action): boolean {
    const node = this.#draws.pick(this.#awake, nodeNumber);
    if (node === undefined) return false;
    if (this.#fate(node, action)) return true;
    if (!isOfProgram(action)) return false;
    if (this.parts.leaving.has(node)) this.parts.leaving.giveBack(node);
    else this.#program(node, action);
    return true;
  }

  /** What befalls a node. */
  #fate(node: WorldNode, action: Action): boolean {
    const { deaths, network } = this.parts;
    const draws = this.#draws;
    switch (action) {
      case 'crash':
        this.#tell(action, node);
        deaths.crash(node, draws.word());
        return true;
      case 'crash-in-step':
        this.#tell(action, node);
        deaths.crashInStep(node, draws);
        return true;
      case 'isolate':
        this.#tell(action, node);
        deaths.isolate(node, draws, this.#step);
        return true;
      case 'pause':
        this.#tell(action, node);
        this.counts.pauses += 1;
        network.pause(node, this.#step + draws.between(20, 150));
        return true;
      case 'stall':
        this.#stall(node, this.#step + draws.between(10, 150));
        return true;
      default:
        return false;
    }
  }

  /** One link of the node stops for a while, one way. */
  #stall(node: WorldNode, until: number): void {
    const { network, world } = this.parts;
    const draws = this.#draws;
    const others = [...world.nodes.values()].filter((other) => other.alive && other !== node);
    const other = draws.chance(0.5) ? HOME : (draws.pick(others, nodeNumber)?.id ?? HOME);
    this.counts.stalls += 1;
    this.#tell(`stall the link with ${other} of`, node);
    if (draws.chance(0.5)) network.stall(node.id, other, until);
    else network.stall(other, node.id, until);
  }

  /** What the program of a node does. */
  #program(node: WorldNode, action: Program): void {
    const { accesses, leaving } = this.parts;
    const draws = this.#draws;
    const page = draws.pick(this.#knownTo(node), pageNumber);
    if (page === undefined) return;
    const salt = draws.word();
    const several = (): PageId[] => this.#knownTo(node).filter((other) => other === page || mixedFraction(salt, pageNumber(other)) < 0.6);
    switch (action) {
      case 'read':
      case 'write':
        return this.#access(node, [page], action, action);
      case 'update':
        return this.#access(node, [page], 'compare', action);
      case 'scan':
        return this.#access(node, several(), 'read', action);
      case 'fill':
        return this.#access(node, several(), 'write', action);
      case 'prefetch':
        return this.#prefetch(node, several(), draws.chance(0.7) ? 'readonly' : 'exclusive');
      case 'pin': {
        const held = this.#heldOr(node, page);
        this.#tell(action, node, [held]);
        return accesses.pin(node, held, draws.chance(0.5) ? 'readonly' : 'exclusive');
      }
      case 'evict':
        return this.#evict(node, draws.chance(0.3) ? [...node.agent.holdings()] : [this.#heldOr(node, page)]);
      case 'leave':
        this.#tell(action, node);
        return leaving.begin(node, { cut: draws.chance(0.5) });
    }
  }

  /** What the program of a node may use: mostly without the pages that are lost for good. */
  #knownTo(node: WorldNode): readonly PageId[] {
    const { ghosts } = this.parts;
    const known = this.#regions.knownTo(node);
    if (ghosts.counts.lostPages === 0 || this.#draws.chance(LOST_PAGES_TOO)) return known;
    return known.filter((page) => !ghosts.of(page).lost);
  }

  #access(node: WorldNode, pages: readonly PageId[], use: Use, what: string): void {
    const { accesses, world } = this.parts;
    const deadline = this.#deadline();
    this.#tell(deadline === FAR_AWAY ? what : `${what} until ${deadline}`, node, pages);
    for (const page of pages) world.open(node, regionOf(page));
    if (node.alive) accesses.begin(node, pages, use, deadline);
  }

  #prefetch(node: WorldNode, pages: readonly PageId[], right: Right): void {
    const { accesses, world } = this.parts;
    const deadline = this.#deadline();
    this.#tell(`prefetch ${right}`, node, pages);
    for (const page of pages) world.open(node, regionOf(page));
    if (node.alive) accesses.prefetch(node, pages, right, deadline);
  }

  #deadline(): Millis {
    const late = this.#draws.between(0, 3000);
    return this.#draws.chance(this.parts.mix.impatience) ? millis(this.parts.world.now + late) : FAR_AWAY;
  }

  /** Mostly one that is held, for what can be done with no other. */
  #heldOr(node: WorldNode, page: PageId): PageId {
    return this.#draws.chance(AIMED) ? (this.#draws.pick(node.agent.holdings(), pageNumber) ?? page) : page;
  }

  #evict(node: WorldNode, pages: readonly PageId[]): void {
    this.counts.evictions += 1;
    this.#tell('evict', node, pages);
    this.parts.world.toAgent(node, { kind: 'evict', pages });
  }

  /** What happens to the cluster, or to nobody in particular. */
  #worldActs(action: Action): void {
    const { accesses, deaths, ghosts, world } = this.parts;
    const draws = this.#draws;
    if (action === 'tick') return this.#tick();
    if (action === 'unpin') {
      const awake = new Set(this.#awake);
      this.#tell(action);
      accesses.unpin((node) => awake.has(node));
    }
    if (action === 'trim') {
      const page = draws.pick(draws.chance(AIMED) ? world.home.trimmable() : this.pages(), pageNumber);
      if (page === undefined) return;
      this.counts.trims += 1;
      this.#tell(action, undefined, [page]);
      ghosts.trimmed(page);
      world.toHome({ kind: 'trim', pages: [page] });
    }
    if (action === 'declare-lost') {
      this.#tell(action);
      deaths.declareLost();
    }
    if (action === 'join' || action === 'rejoin') this.#join(action);
    if (action === 'create-region' || action === 'delete-region') this.#changeRegions(action);
  }

  #tick(): void {
    const { accesses, world } = this.parts;
    const draws = this.#draws;
    world.now = millis(world.now + (draws.pick([1, 50, 1000, 4000], (ms) => ms) ?? 1));
    this.#tell(`tick: it is ${world.now}`);
    const salt = draws.word();
    world.toHome({ kind: 'tick' });
    for (const node of this.#awake) {
      if (mixedFraction(salt, node.id) > 0.7) continue;
      accesses.tick(node);
    }
  }

  #join(action: 'join' | 'rejoin'): void {
    const { deaths, world } = this.parts;
    // Numbered by the step, so that a life keeps its number when other joins are left out.
    const incarnation = FIRST_NEW_INCARNATION + this.#step;
    if (world.nodes.size >= MOST_LIVES || this.#living >= MOST_LIVING) return;
    if (action === 'join') {
      this.#tell(`join ${incarnation}`);
      this.counts.joins += 1;
      world.join(incarnation);
    } else {
      this.#tell(`rejoin as ${incarnation}`);
      deaths.rejoin(incarnation, { announced: this.#draws.chance(0.5) });
    }
  }

  #changeRegions(action: 'create-region' | 'delete-region'): void {
    const { world } = this.parts;
    if (action === 'create-region') {
      const pageCount = this.#draws.between(1, 2);
      const created = this.#regions.create(this.#step, pageCount);
      if (created !== undefined) this.#tell(`create region ${created} of ${pageCount} pages`);
      return;
    }
    // One is left, so that the run goes on.
    const region = world.regions.size > 1 ? this.#draws.pick(world.regions.keys(), (id) => id) : undefined;
    if (region === undefined) return;
    this.#tell(`delete region ${region}`);
    this.counts.regionsDeleted += 1;
    world.deleteRegion(region);
  }
}

const programActions = [
  'read',
  'write',
  'update',
  'scan',
  'fill',
  'prefetch',
  'pin',
  'evict',
  'leave',
] as const satisfies readonly Action[];
type Program = (typeof programActions)[number];
const isOfProgram = (action: Action): action is Program => programActions.some((one) => one === action);
