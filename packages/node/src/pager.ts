import {
  type AgentEffect,
  type AgentInput,
  type ErrorCode,
  type Incarnation,
  invariant,
  limits,
  type Millis,
  type PageId,
  type PageMessage,
  PagewireError,
  type Peer,
  pageId,
  type RegionId,
  type Right,
  unreachable,
  type Witness,
} from '@pagewire/protocol';
import type { WaitingAccess } from './access.js';
import { Confirmations } from './confirmations.js';
import { Faults, type WaitOptions } from './faults.js';
import { Frames } from './frames.js';
import type { PagedRegion } from './paged-region.js';
import type { AgentMachine, Ended, PagerCounters, PagerPorts } from './pager-ports.js';
import type { PageRun } from './prefetch.js';
import { ReleaseWindow } from './release-window.js';

/**
 * Resolves the faults of one node: gives the agent its inputs and performs its effects, in order, and keeps the accesses that wait for
 * pages. It decides nothing about coherence. A life begins with an agent and ends with every right revoked; accesses outside of a life fail.
 *
 * Effects are performed before anything else happens. An access that `permit` runs may pin its page at once; every other input that
 * arises meanwhile waits until the effects are done.
 */
export class Pager {
  readonly #ports: PagerPorts;
  readonly #frames = new Frames();
  readonly #faults: Faults;
  readonly #releases: ReleaseWindow<RegionId | undefined>;
  readonly #confirmations = new Confirmations();
  #agent: AgentMachine | undefined;
  #incarnation: Incarnation | undefined;
  #serial = 0;
  #ended: Ended = { code: 'fenced', message: 'this node has not joined a cluster yet' };
  #shut: Ended | undefined;
  #lives = 0;
  #pagesSent = 0;
  #pagesReceived = 0;
  #givenBack = 0;
  #performing = false;
  #later: AgentInput[] = [];

  /** `windowBytes` bounds the page bytes that are on their way here, and those that are on their way back. */
  constructor(ports: PagerPorts, windowBytes: number = limits.windowBytes) {
    this.#ports = ports;
    this.#faults = new Faults(this.#frames, windowBytes);
    this.#releases = new ReleaseWindow(windowBytes, (page) => this.#frames.regionOf(page)?.memory.pageBytes ?? 0);
  }

  get counters(): PagerCounters {
    return { ...this.#faults.counters, pagesSent: this.#pagesSent, pagesReceived: this.#pagesReceived };
  }

  /** Counts the pages that were given back. */
  get givenBack(): number {
    return this.#givenBack;
  }

  /** Pages that cost memory: held, waited for or kept. */
  get heldPages(): number {
    return this.#agent?.heldPages ?? 0;
  }

  /** True while pages of `region` are held, waited for or kept, so that its frames may still be needed. */
  holds(region: PagedRegion): boolean {
    return this.#agent?.holds(region.id) ?? false;
  }

  /** Counts lives: what was held in another life is not held now. */
  get life(): number {
    return this.#lives;
  }

  /** A new incarnation, which holds nothing. */
  begin(agent: AgentMachine, incarnation: Incarnation): void {
    invariant(this.#agent === undefined, 'a pager lives one life at a time');
    this.#agent = agent;
    this.#incarnation = incarnation;
    this.#lives += 1;
    for (const region of this.#frames.regions()) this.#tellOpened(region);
  }

  /** Revokes every right and fails every access that waits. */
  end(ended: Ended): void {
    this.#frames.revokeAll();
    this.#ended = ended;
    if (this.#agent === undefined) return;
    this.#agent = undefined;
    this.#later = [];
    this.#releases.clear();
    this.#faults.end(ended);
    this.#confirmations.fail(
      new PagewireError(
        'outcome-unknown',
        `the operation ran here, but ${ended.message} before its effect was confirmed; read the data again before you repeat it`,
      ),
    );
  }

  /** Ends the accesses that wait and lets no more in until `open`; pages are still given to those who ask. */
  shut(ended: Ended): void {
    this.#shut = ended;
    this.failWaiting(undefined, ended);
  }

  /** Lets accesses in again. */
  open(): void {
    this.#shut = undefined;
  }

  addRegion(region: PagedRegion): void {
    this.#frames.add(region);
    if (this.#agent !== undefined) this.#tellOpened(region);
  }

  /** Forgets a region that nothing uses and no page of which is held here. */
  dropRegion(region: PagedRegion): void {
    this.#frames.drop(region);
  }

  /** The region does not exist any more. */
  regionDeleted(region: PagedRegion): void {
    if (this.#agent !== undefined) this.#feed(this.#ports.now(), { kind: 'region-deleted', region: region.id });
    region.memory.revokeAll();
    this.#frames.drop(region);
    this.failWaiting(region, { code: 'no-such-region', message: `region "${region.record.name}" was deleted` });
  }

  /** The time, and proof that this node may use its rights at that time. Throws what accesses fail with when it may not. */
  admit(): Millis {
    if (this.#shut !== undefined) throw new PagewireError(this.#shut.code, this.#shut.message);
    const now = this.#ports.now();
    if (this.#agent === undefined || !this.#ports.leaseHolds(now)) throw this.#endedError();
    return now;
  }

  /** Throws `overloaded` unless an access to `pages` pages may wait. */
  makeRoom(pages: number): void {
    this.#faults.makeRoom(pages);
  }

  /**
   * Parks `access` until `pages` may be used, each page on its own, and asks for those that nobody waits for yet, as the window allows.
   * Call `admit` and `makeRoom` first.
   */
  wait(access: WaitingAccess, region: PagedRegion, pages: readonly number[], options?: WaitOptions): void {
    this.#faults.wait(access, region, pages, options);
    this.#pump();
  }

  /** Asks for the pages of `run` that may not be used yet and were not asked for, for an access that will wait for them one by one. */
  want(access: WaitingAccess, region: PagedRegion, run: PageRun): void {
    this.#faults.want(access, region, run);
    this.#pump();
  }

  /** Holds a page that may be used with `right` now. */
  pin(region: PagedRegion, index: number, right: Right): void {
    invariant(
      this.#agent !== undefined && region.permits(index, right),
      `page ${index} of "${region.record.name}" is pinned without a right`,
    );
    // Before anything else can happen: also from inside the effects that gave the right.
    this.#step(this.#agent, this.#ports.now(), { kind: 'pin', page: pageId(region.id, index), right });
  }

  /** Lets `count` pages from `first` go, which were pinned in life number `life`. */
  unpin(pinned: {
    readonly region: PagedRegion;
    readonly first: number;
    readonly count: number;
    readonly right: Right;
    readonly life: number;
  }): void {
    const { region, first, count, right, life } = pinned;
    for (let index = first; index < first + count; index++) {
      if (life !== this.#lives || this.#agent === undefined || region.gone !== undefined) return;
      this.#soon({ kind: 'unpin', page: pageId(region.id, index), right });
    }
  }

  /** Ends the accesses that wait for pages of `region`, or of all regions. */
  failWaiting(region: PagedRegion | undefined, ended: Ended): void {
    this.#faults.fail(region, ended);
  }

  /**
   * Gives up what is held of `region`, or of all regions, as far as it is not pinned, a window at a time. True when nothing is left: no page
   * that is held, none that is asked for and could come yet, no copy that is kept for others (I8). To be called again until then.
   */
  release(region?: PagedRegion): boolean {
    const agent = this.#agent;
    if (agent === undefined) return true;
    this.#releases.prune((page) => agent.stateOf(page) === 'releasing-nothing');
    this.#releases.start(
      region?.id,
      () => agent.holdings(region?.id),
      () => region?.inUse !== true,
    );
    this.#pump();
    return region === undefined ? agent.heldPages === 0 : !agent.holds(region.id);
  }

  /** Gives up what is left at once: what is not given back now goes with the node. */
  releaseTheRest(): void {
    this.#releases.unbound();
  }

  /** The witness of an access to page `index` of `region` that is performed now, and that nothing else comes between. */
  witness(region: PagedRegion, index: number): Witness {
    const held = this.#agent?.heldAt(pageId(region.id, index));
    invariant(held !== undefined && this.#incarnation !== undefined, `page ${index} of "${region.record.name}" is used without a right`);
    this.#serial += 1;
    return { incarnation: this.#incarnation, version: held.version, serial: this.#serial };
  }

  /** See {@link ServiceHost.exposed}. */
  exposed(): Promise<void> | undefined {
    const agent = this.#agent;
    if (agent === undefined) {
      return Promise.reject(
        new PagewireError('outcome-unknown', `${this.#ended.message}: what the operation wrote may not survive; read the data again`),
      );
    }
    return agent.confirmedUpTo >= agent.lastExclusive ? undefined : this.#confirmations.wait(agent.lastExclusive);
  }

  message(from: Peer, message: Extract<AgentInput, { kind: 'message' }>['message']): void {
    const now = this.#ports.now();
    if (this.#agent !== undefined && this.#ports.leaseHolds(now)) this.#feed(now, { kind: 'message', from, message });
  }

  /** Time passed: checks the lease and fails what is past its deadline. To be called every `tickEveryMs`. */
  tick(): void {
    const now = this.#ports.now();
    if (this.#agent === undefined || !this.#ports.leaseHolds(now)) return;
    this.#feed(now, { kind: 'tick' });
    this.#faults.expire(now);
    this.#pump();
  }

  #tellOpened(region: PagedRegion): void {
    this.#soon({ kind: 'region-opened', region: region.id, pageBytes: region.record.pageBytes });
  }

  /** Feeds `input` now, or once the effects under way are done. */
  #soon(input: AgentInput): void {
    if (this.#performing) this.#later.push(input);
    else this.#feed(this.#ports.now(), input);
  }

  /** Asks for, and gives back, what the windows have room for. */
  #pump(): void {
    if (this.#performing || this.#agent === undefined) return;
    const now = this.#ports.now();
    const input = this.#next(now);
    if (input !== undefined) this.#feed(now, input);
  }

  #next(now: Millis): AgentInput | undefined {
    const next = this.#later.shift() ?? this.#faults.next(now);
    if (next !== undefined) return next;
    const pages = this.#releases.next();
    return pages.length === 0 ? undefined : { kind: 'evict', pages };
  }

  #feed(now: Millis, input: AgentInput): void {
    const agent = this.#agent;
    if (agent === undefined) return;
    invariant(!this.#performing, `input ${input.kind} came before the effects of the last one were performed`);
    this.#performing = true;
    try {
      let next: AgentInput | undefined = input;
      while (next !== undefined) {
        this.#step(agent, now, next);
        // What ended the life on the way has ended the rest with it.
        next = this.#agent === agent ? this.#next(now) : undefined;
      }
      this.#flush();
    } finally {
      this.#performing = false;
    }
  }

  #flush(): void {
    try {
      this.#frames.flush();
    } catch (error) {
      // What threads may do is not what was decided.
      this.#ports.broken(error);
      throw error;
    }
  }

  #step(agent: AgentMachine, now: Millis, input: AgentInput): void {
    try {
      for (const effect of agent.step(now, input)) {
        this.#perform(agent, effect);
        // The life has ended on the way: what is left of it must not happen.
        if (this.#agent !== agent) return;
      }
    } catch (error) {
      // Effects that were not performed leave rights that nobody else knows of.
      this.#ports.broken(error);
      throw error;
    }
  }

  #perform(agent: AgentMachine, effect: AgentEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.to, effect.message);
      case 'stage':
        this.#pagesReceived += 1;
        return this.#frames.perform(effect);
      case 'protect':
      case 'revoke':
      case 'forget':
      case 'snapshot':
        return this.#frames.perform(effect);
      case 'permit':
        this.#frames.perform(effect);
        return this.#permit(agent, effect.page, effect.right);
      case 'fail':
        return this.#fail(agent, effect.page, effect.code);
      case 'evicted':
        this.#givenBack += 1;
        return this.#releases.evicted(effect.page);
      case 'confirmed':
        return this.#confirmations.confirmed(effect.upTo);
      case 'ignored':
        return;
      case 'violation':
        return this.#ports.violated(effect.from, effect.what);
      default:
        unreachable(effect);
    }
  }

  #send(to: Peer, message: PageMessage): void {
    if (!this.#ports.leaseHolds(this.#ports.now())) return;
    this.#frames.flush();
    this.#ports.send(to, message, this.#frames.source);
    if (message.kind === 'page') this.#pagesSent += message.items.length;
  }

  #permit(agent: AgentMachine, page: PageId, right: Right): void {
    const unsatisfied = this.#faults.permitted(page, right, { goesOn: agent.isAsked(page) });
    if (this.#agent === agent) this.#faults.again(page, unsatisfied);
  }

  #fail(agent: AgentMachine, page: PageId, code: ErrorCode): void {
    const patient = this.#faults.refused(page, code, this.#ports.now(), { goesOn: agent.isAsked(page) });
    this.#faults.again(page, patient);
  }

  #endedError(): PagewireError {
    return new PagewireError(this.#ended.code, this.#ended.message);
  }
}

/** How often a pager wants `tick`. Deadlines are kept to within this. */
export const tickEveryMs = 50;
