import {
  type AgentEffect,
  type AgentInput,
  type ErrorCode,
  invariant,
  limits,
  type Millis,
  type PageId,
  type PageMessage,
  PagewireError,
  type Peer,
  pageId,
  pageIndex,
  type Right,
  regionOf,
  unreachable,
} from '@pagewire/protocol';
import type { WaitingAccess } from './access.js';
import { Confirmations } from './confirmations.js';
import { explainFailure } from './failure.js';
import { Frames } from './frames.js';
import type { PagedRegion } from './paged-region.js';
import type { AgentMachine, Ended, PagerCounters, PagerPorts } from './pager-ports.js';
import type { PageRun } from './prefetch.js';
import { WaitingAccesses } from './waiting-accesses.js';

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
  readonly #waiting = new WaitingAccesses();
  readonly #confirmations = new Confirmations();
  /** Pages whose release is on its way. */
  readonly #releasing = new Set<PageId>();
  readonly #counters = { readFaults: 0, writeFaults: 0, pagesSent: 0, pagesReceived: 0, prefetched: 0 };
  #agent: AgentMachine | undefined;
  #ended: Ended = { code: 'fenced', message: 'this node has not joined a cluster yet' };
  #shut: Ended | undefined;
  #lives = 0;
  #performing = false;
  #later: AgentInput[] = [];

  constructor(ports: PagerPorts) {
    this.#ports = ports;
  }

  get counters(): PagerCounters {
    return this.#counters;
  }

  /** Pages that cost memory: held, waited for or kept. */
  get heldPages(): number {
    return this.#agent?.heldPages ?? 0;
  }

  /** Counts lives: what was held in another life is not held now. */
  get life(): number {
    return this.#lives;
  }

  /** A new incarnation, which holds nothing. */
  begin(agent: AgentMachine): void {
    invariant(this.#agent === undefined, 'a pager lives one life at a time');
    this.#agent = agent;
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
    this.#releasing.clear();
    for (const access of this.#waiting.takeAll()) access.fail(this.#endedError());
    this.#confirmations.fail(
      new PagewireError(
        'outcome-unknown',
        `the operation ran here, but ${ended.message} before its effect was confirmed; read the data again before you repeat it`,
      ),
    );
  }

  /** Ends the accesses that wait and lets no more in; pages are still given to those who ask. */
  shut(ended: Ended): void {
    this.#shut = ended;
    this.failWaiting(undefined, ended);
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
    for (const page of this.#releasing) if (regionOf(page) === region.id) this.#releasing.delete(page);
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
    if (this.#waiting.count + pages <= limits.maxWaitingAccesses) return;
    throw new PagewireError(
      'overloaded',
      `${this.#waiting.count} accesses wait for pages on this node, and ${limits.maxWaitingAccesses} may; wait for some to end before starting more`,
    );
  }

  /**
   * Parks `access` until `pages` may be used, each page on its own, and asks for those that nobody waits for yet. `ahead` are pages that
   * nobody waits for but somebody will want. Call `admit` and `makeRoom` first.
   */
  wait(access: WaitingAccess, region: PagedRegion, pages: readonly number[], ahead?: PageRun): void {
    const asked: PageId[] = [];
    for (const index of pages) {
      const page = pageId(region.id, index);
      if (this.#waiting.add(page, access)) asked.push(page);
    }
    if (access.right === 'readonly') this.#counters.readFaults += asked.length;
    else this.#counters.writeFaults += asked.length;
    if (ahead !== undefined) this.#askAhead(region, ahead, access.right, asked);
    if (asked.length > 0) this.#soon({ kind: 'fault', pages: asked, right: access.right, deadline: access.deadline });
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
    for (const access of this.#waiting.takeAll(region?.id)) access.fail(new PagewireError(ended.code, ended.message));
  }

  /** Gives up what is held of `region`, or of all regions, as far as it is not pinned. True when nothing is held any more. */
  release(region?: PagedRegion): boolean {
    const agent = this.#agent;
    if (agent === undefined) return true;
    const pages = [...agent.holdings(region?.id)];
    for (const page of pages) this.#releasing.add(page);
    if (pages.length > 0) this.#soon({ kind: 'evict', pages });
    for (const page of pages) if (this.#frames.regionOf(page)?.permits(pageIndex(page), 'readonly') === true) this.#releasing.delete(page);
    if (!agent.holdings(region?.id)[Symbol.iterator]().next().done) return false;
    for (const page of this.#releasing) if (region === undefined || regionOf(page) === region.id) return false;
    return true;
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
    for (const { access, page } of this.#waiting.takeExpired(now)) access.fail(this.#failure('timeout', page));
  }

  #tellOpened(region: PagedRegion): void {
    this.#soon({ kind: 'region-opened', region: region.id, pageBytes: region.record.pageBytes });
  }

  #askAhead(region: PagedRegion, ahead: PageRun, right: Right, asked: PageId[]): void {
    const end = Math.min(ahead.first + ahead.count, region.memory.pageCount);
    for (let index = ahead.first; index < end; index++) {
      const page = pageId(region.id, index);
      if (region.permits(index, right) || this.#waiting.has(page)) continue;
      asked.push(page);
      this.#counters.prefetched += 1;
    }
  }

  /** Feeds `input` now, or once the effects under way are done. */
  #soon(input: AgentInput): void {
    if (this.#performing) this.#later.push(input);
    else this.#feed(this.#ports.now(), input);
  }

  #feed(now: Millis, input: AgentInput): void {
    const agent = this.#agent;
    if (agent === undefined) return;
    invariant(!this.#performing, `input ${input.kind} came before the effects of the last one were performed`);
    this.#performing = true;
    try {
      this.#step(agent, now, input);
      for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) this.#step(agent, now, next);
    } finally {
      this.#performing = false;
    }
  }

  #step(agent: AgentMachine, now: Millis, input: AgentInput): void {
    for (const effect of agent.step(now, input)) {
      this.#perform(effect);
      // The life has ended on the way: what is left of it must not happen.
      if (this.#agent !== agent) return;
    }
  }

  #perform(effect: AgentEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.to, effect.message);
      case 'stage':
        this.#counters.pagesReceived += 1;
        return this.#frames.perform(effect);
      case 'protect':
      case 'revoke':
      case 'forget':
      case 'snapshot':
        return this.#frames.perform(effect);
      case 'permit':
        return this.#permit(effect.page, effect.right);
      case 'fail':
        return this.#fail(effect.page, effect.code);
      case 'evicted':
        this.#releasing.delete(effect.page);
        return;
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
    this.#ports.send(to, message, this.#frames.source);
    if (message.kind === 'page') this.#counters.pagesSent += message.items.length;
  }

  #permit(page: PageId, right: Right): void {
    const region = this.#frames.regionOf(page);
    invariant(region !== undefined, `page ${page} is permitted in a region that is open here`);
    const index = pageIndex(page);
    region.memory.permit(index, right);
    const waiting = this.#waiting.take(page);
    if (waiting === undefined) return;
    const agent = this.#agent;
    const unsatisfied: WaitingAccess[] = [];
    for (const access of waiting) {
      // The grant is for these accesses: each is done before the agent hears of anything that could take the page away.
      if (access.settled) continue;
      if (access.right === 'exclusive' && right === 'readonly') unsatisfied.push(access);
      else access.run(index);
    }
    if (unsatisfied.length > 0 && this.#agent === agent) this.#askAgain(page, unsatisfied);
  }

  #fail(page: PageId, code: ErrorCode): void {
    const waiting = this.#waiting.take(page);
    if (waiting === undefined) return;
    const now = this.#ports.now();
    const patient: WaitingAccess[] = [];
    for (const access of waiting) {
      // The page's request carried the deadline of the access that was first; others may have longer.
      if (code === 'timeout' && access.deadline > now) patient.push(access);
      else access.fail(this.#failure(code, page));
    }
    if (patient.length > 0) this.#askAgain(page, patient);
  }

  #askAgain(page: PageId, accesses: readonly WaitingAccess[]): void {
    const right = accesses.some((access) => access.right === 'exclusive') ? 'exclusive' : 'readonly';
    let [deadline] = accesses.map((access) => access.deadline);
    for (const access of accesses) {
      if (deadline === undefined || access.deadline > deadline) deadline = access.deadline;
      this.#waiting.add(page, access);
    }
    if (deadline !== undefined) this.#soon({ kind: 'fault', pages: [page], right, deadline });
  }

  #failure(code: ErrorCode, page: PageId): PagewireError {
    return explainFailure(code, { index: pageIndex(page), region: this.#frames.regionOf(page)?.record.name ?? `number ${regionOf(page)}` });
  }

  #endedError(): PagewireError {
    return new PagewireError(this.#ended.code, this.#ended.message);
  }
}

/** How often a pager wants `tick`. Deadlines are kept to within this. */
export const tickEveryMs = 50;
