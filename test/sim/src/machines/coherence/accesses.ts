import { type ErrorCode, type Millis, millis, type PageId, type Right, regionOf, showPage } from '@pagewire/protocol';
import { RuleBroken } from '../rule-broken.js';
import type { World } from '../world.js';
import type { WorldNode } from '../world-node.js';
import type { Ghosts } from './ghosts.js';

/** What a program does with a page. `compare` and `exchange` are the halves of an atomic update that reads first. */
export type Use = 'read' | 'write' | 'compare' | 'exchange';

interface Access {
  readonly page: PageId;
  readonly use: Use;
  readonly deadline: Millis;
  /** What an `exchange` saw when it compared. */
  readonly seen?: number;
  readonly attempt: number;
}

interface Pin {
  readonly node: WorldNode;
  readonly page: PageId;
  readonly right: Right;
}

const rightFor = (use: Use): Right => (use === 'read' || use === 'compare' ? 'readonly' : 'exclusive');
const suffices = (held: Right | 'none', right: Right): boolean => held === 'exclusive' || held === right;
const MOST_ATTEMPTS = 4;
const MOST_PINS = 5;
/** Farther than any run lasts; an agent takes an infinite deadline for "nobody waits". */
export const FAR_AWAY = millis(1e12);

/** The programs of all nodes: accesses that wait for their pages, and pins. It drives the agents as a pager does. */
export class Accesses {
  readonly #waiting = new Map<WorldNode, Map<PageId, Access[]>>();
  /** The latest deadline that an agent was given for a page since it last answered. */
  readonly #patience = new Map<WorldNode, Map<PageId, Millis>>();
  readonly #pins: Pin[] = [];
  readonly counts = { reads: 0, writes: 0, updates: 0, prefetches: 0, pins: 0, failed: 0, late: 0 };

  constructor(
    readonly world: World,
    readonly ghosts: Ghosts,
  ) {}

  /** Uses several pages, each as soon as it may; what is not here is asked for by one input. */
  begin(node: WorldNode, pages: readonly PageId[], use: Use, deadline: Millis): void {
    const missing: PageId[] = [];
    for (const page of pages) {
      const access: Access = { page, use, deadline, attempt: 1 };
      if (suffices(node.frame(page).right, rightFor(use))) this.#use(node, access);
      else {
        this.#wait(node, access);
        missing.push(page);
      }
    }
    if (missing.length > 0) this.#fault(node, missing, rightFor(use), deadline);
  }

  /** Asks for pages that nobody waits for. */
  prefetch(node: WorldNode, pages: readonly PageId[], right: Right, deadline: Millis): void {
    this.counts.prefetches += 1;
    this.#fault(node, pages, right, deadline);
  }

  #fault(node: WorldNode, pages: readonly PageId[], right: Right, deadline: Millis): void {
    const patience = getOrMake(this.#patience, node);
    // What is here already is no request.
    const asked = pages.filter((page) => !suffices(node.frame(page).right, right));
    for (const page of asked) patience.set(page, millis(Math.max(deadline, patience.get(page) ?? deadline)));
    this.world.toAgent(node, { kind: 'fault', pages, right, deadline });
  }

  #wait(node: WorldNode, access: Access): void {
    const pages = getOrMake(this.#waiting, node);
    const accesses = pages.get(access.page);
    if (accesses === undefined) pages.set(access.page, [access]);
    else accesses.push(access);
  }

  #take(node: WorldNode, page: PageId): readonly Access[] {
    const pages = this.#waiting.get(node);
    const accesses = pages?.get(page) ?? [];
    pages?.delete(page);
    return accesses;
  }

  /** Every access that waits for the page is done at once; those that need more fault again. */
  permitted(node: WorldNode, page: PageId): void {
    if (node.frame(page).right === 'exclusive') this.ghosts.installed(node, page);
    // A readonly copy may be used while it is being upgraded: the request goes on.
    if (!node.agent.isAsked(page)) this.#patience.get(node)?.delete(page);
    for (const access of this.#take(node, page)) this.#again(node, access);
    if (node.alive && node.frame(page).right === 'exclusive') this.ghosts.sign(node, page);
  }

  #again(node: WorldNode, access: Access): void {
    // A nested fault of one of the others may have been the end of the node.
    if (!node.alive) return;
    const right = rightFor(access.use);
    if (suffices(node.frame(access.page).right, right)) return this.#use(node, access);
    this.#wait(node, access);
    this.#fault(node, [access.page], right, access.deadline);
  }

  #use(node: WorldNode, access: Access): void {
    const { page, use } = access;
    if (use === 'write') {
      this.counts.writes += 1;
      this.ghosts.write(node, page);
      return;
    }
    const value = this.ghosts.read(node, page);
    if (use === 'read') this.counts.reads += 1;
    else if (use === 'compare') this.#again(node, { ...access, use: 'exchange', seen: value });
    else this.#exchange(node, access, value);
  }

  #exchange(node: WorldNode, access: Access, value: number): void {
    if (value === access.seen) {
      this.counts.updates += 1;
      this.ghosts.write(node, access.page);
    } else if (access.attempt < MOST_ATTEMPTS) {
      this.#again(node, { ...access, use: 'compare', attempt: access.attempt + 1 });
    }
  }

  /** The accesses that wait for the page end with `code`. `told`: the home has said so. */
  failed(node: WorldNode, page: PageId, code: ErrorCode, told: boolean): void {
    const patience = this.#patience.get(node)?.get(page) ?? this.world.now;
    if (!told && (code !== 'timeout' || patience > this.world.now)) {
      throw new RuleBroken('I6', `the agent of node ${node.id} ends accesses to page ${showPage(page)} with ${code} for no reason`);
    }
    if (code === 'page-lost' && !this.ghosts.of(page).lost) {
      throw new RuleBroken('I8', `node ${node.id} is told that page ${showPage(page)} is lost, and it is not`);
    }
    if (code === 'no-such-region' && this.world.regions.has(regionOf(page))) {
      throw new RuleBroken('I6', `node ${node.id} is told that the region of page ${showPage(page)} does not exist, and it does`);
    }
    this.#patience.get(node)?.delete(page);
    for (const access of this.#take(node, page)) {
      // Others that wait for the page may have had less time, or the home less patience.
      if (code === 'timeout' && access.deadline > this.world.now) this.#again(node, access);
      else this.#end(code);
    }
  }

  #end(code: ErrorCode): void {
    this.counts.failed += 1;
    if (code === 'timeout') this.counts.late += 1;
  }

  /** Time has passed for the node. I6: its agent lets nothing wait longer than it was given, and the program gives up on its own. */
  tick(node: WorldNode): void {
    this.world.toAgent(node, { kind: 'tick' });
    if (!node.alive) return;
    const { now } = this.world;
    const pages = this.#waiting.get(node) ?? new Map<PageId, Access[]>();
    for (const [page, accesses] of pages) {
      if ((this.#patience.get(node)?.get(page) ?? now) <= now) {
        throw new RuleBroken('I6', `the agent of node ${node.id} lets accesses to page ${showPage(page)} wait although their time is up`);
      }
      const patient = accesses.filter(({ deadline }) => deadline > now);
      for (let late = accesses.length - patient.length; late > 0; late -= 1) this.#end('timeout');
      if (patient.length === 0) pages.delete(page);
      else pages.set(page, patient);
    }
  }

  /** I6: everything was done, or has failed. */
  checkNoneWaits(): void {
    for (const [node, pages] of this.#waiting) {
      for (const page of pages.keys()) throw new RuleBroken('I6', `an access of node ${node.id} to page ${showPage(page)} is stuck`);
    }
  }

  /** The node starts nothing more, and nobody waits for what it started. */
  drop(node: WorldNode): void {
    this.#waiting.delete(node);
    this.#patience.delete(node);
  }

  /** Holds the page with `right`, or with what there is. */
  pin(node: WorldNode, page: PageId, wanted: Right): void {
    const held = node.frame(page).right;
    if (held === 'none' || this.#pins.length >= MOST_PINS) return;
    const right = held === 'exclusive' ? wanted : held;
    this.counts.pins += 1;
    this.#pins.push({ node, page, right });
    this.world.toAgent(node, { kind: 'pin', page, right });
  }

  /** Ends the oldest pin, of a node that `may` end one; false when there is none. */
  unpin(may: (node: WorldNode) => boolean = () => true): boolean {
    return this.#unpinAt(this.#pins.findIndex(({ node }) => may(node)));
  }

  unpinAll(node: WorldNode): void {
    for (let at = this.#pins.length - 1; at >= 0; at -= 1) if (this.#pins[at]?.node === node) this.#unpinAt(at);
  }

  /** The pins of a dead node mean nothing. */
  forgetPins(node: WorldNode): void {
    for (let at = this.#pins.length - 1; at >= 0; at -= 1) if (this.#pins[at]?.node === node) this.#pins.splice(at, 1);
  }

  #unpinAt(at: number): boolean {
    const [pin] = at < 0 ? [] : this.#pins.splice(at, 1);
    if (pin === undefined) return false;
    const { node, page, right } = pin;
    const honoured = suffices(node.frame(page).right, right) || !node.regions.has(regionOf(page));
    if (!honoured) throw new RuleBroken('pins', `a pin of page ${showPage(page)} on node ${node.id} was not honoured`);
    this.world.toAgent(node, { kind: 'unpin', page, right });
    return true;
  }
}

function getOrMake<V>(maps: Map<WorldNode, Map<PageId, V>>, node: WorldNode): Map<PageId, V> {
  const known = maps.get(node);
  if (known !== undefined) return known;
  const made = new Map<PageId, V>();
  maps.set(node, made);
  return made;
}
