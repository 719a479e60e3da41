import { HOME, type Millis, millis, type PageId, pageIndex, type RegionId, type Right, regionId, regionOf } from '@pagewire/protocol';
import type { Deaths } from '../deaths.js';
import { Draws, FINISH_PART, mixedFraction } from '../draws.js';
import type { Network } from '../network.js';
import { showFlight } from '../notation.js';
import type { Story } from '../story.js';
import type { World } from '../world.js';
import { REGION, type WorldNode, worldPage } from '../world-node.js';
import { type Accesses, FAR_AWAY, type Use } from './accesses.js';
import type { Ghosts } from './ghosts.js';
import type { Leaving } from './leaving.js';
import type { Action, Mix } from './mix.js';

const MOST_NODES = 12;
const MOST_REGIONS = 3;
/** How often an access may go to a page that is lost. */
const LOST_PAGES_TOO = 0.1;
/** Behind those that a run starts with. */
const FIRST_NEW_INCARNATION = 10;
const FIRST_NEW_REGION = 2;

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

const pageNumber = (page: PageId): number => regionOf(page) * 8 + pageIndex(page);
const nodeNumber = ({ id }: WorldNode): number => id;

/** What one step does, drawn from its own numbers: what it picks depends on the step and on who is there, and on no other step. */
export class Moves {
  /** Pages of every region that there ever was: a node may not know yet that one is gone. */
  readonly #regions: Map<RegionId, number>;
  #pagesEver: readonly PageId[];
  readonly #draws: Draws;
  #step = 0;
  readonly counts = { steps: 0, evictions: 0, trims: 0, pauses: 0, joins: 0, regionsDeleted: 0 };

  constructor(readonly parts: Parts) {
    this.#draws = new Draws(parts.seed, FINISH_PART);
    this.#regions = new Map([[REGION, parts.mix.pages]]);
    this.#pagesEver = pagesOf(this.#regions);
  }

  /** The pages that exist. */
  pages(): PageId[] {
    return pagesOf(this.parts.world.regions);
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
      default:
        return false;
    }
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
      case 'pin':
        this.#tell(action, node, [page]);
        return accesses.pin(node, page);
      case 'evict':
        return this.#evict(node, draws.chance(0.3) ? [...node.agent.holdings()] : [page]);
      case 'leave':
        this.#tell(action, node);
        return leaving.begin(node, { cut: draws.chance(0.5) });
    }
  }

  /** Pages of regions that exist, or of which the node has not heard that they are gone; mostly without those that are lost for good. */
  #knownTo(node: WorldNode): readonly PageId[] {
    const { ghosts, world } = this.parts;
    const { regions } = world;
    const { lostPages } = ghosts.counts;
    if (this.#regions.size === regions.size && lostPages === 0) return this.#pagesEver;
    const all = lostPages === 0 || this.#draws.chance(LOST_PAGES_TOO);
    const known = (page: PageId): boolean => regions.has(regionOf(page)) || node.regions.has(regionOf(page));
    return this.#pagesEver.filter((page) => known(page) && (all || !ghosts.of(page).lost));
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
      const page = draws.pick(this.pages(), pageNumber);
      if (page === undefined) return;
      this.counts.trims += 1;
      this.#tell(action, undefined, [page]);
      ghosts.of(page).trimmed = true;
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
    if (world.nodes.size >= MOST_NODES) return;
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
      if (this.#regions.size >= MOST_REGIONS) return;
      const region = regionId(FIRST_NEW_REGION + this.#step);
      const pageCount = this.#draws.between(1, 2);
      this.#tell(`create region ${region} of ${pageCount} pages`);
      this.#regions.set(region, pageCount);
      this.#pagesEver = pagesOf(this.#regions);
      world.createRegion(region, pageCount);
      return;
    }
    const region = this.#draws.pick(world.regions.keys(), (id) => id);
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

function pagesOf(regions: ReadonlyMap<RegionId, number>): PageId[] {
  const pages: PageId[] = [];
  for (const [region, pageCount] of regions) for (let at = 0; at < pageCount; at += 1) pages.push(worldPage(at, region));
  return pages;
}
