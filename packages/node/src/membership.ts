import {
  Agent,
  type CoherenceMessage,
  encodeMessage,
  HOME,
  type Incarnation,
  limits,
  type Millis,
  type NodeCounters,
  type PageId,
  type PageMessage,
  type Peer,
  type RegionId,
  type Right,
  type SyncReply,
  type Version,
} from '@pagewire/protocol';
import type { Acceptance, Attributes, Link, LinkOptions } from '@pagewire/transport';
import { CoordinatorSession, type JoinTerms } from './coordinator-session.js';
import { EarlyLinks } from './early-links.js';
import { Lease, type LeaseEnd } from './lease.js';
import type { Pager } from './pager.js';
import type { FrameSource } from './pager-ports.js';
import { PeerMesh } from './peers.js';
import type { TransportKind } from './transport-choice.js';

export interface MembershipOptions {
  readonly coordinator: string;
  readonly name: string;
  readonly urls: readonly string[];
  readonly transports: readonly TransportKind[];
  readonly joinTimeoutMs: number;
  readonly link: Partial<LinkOptions>;
  readonly pager: Pager;
  now(): Millis;
  /** Does what came from a link or a timer. What it throws is a bug, which is not for the link. */
  guard(work: () => void): void;
  counters(): NodeCounters;
  /** Told whenever the end of the rights of this node moves; `undefined`: it has none. */
  leaseEnds(lease: LeaseEnd | undefined): void;
  regionDeleted(region: RegionId): void;
  synchronization(reply: SyncReply): void;
  /** The coordinator is another than that of the life before; no life has begun with it yet. */
  newCluster(): void;
  /** This life is over; the pager has been ended already. */
  fenced(reason: string): void;
}

interface Life {
  readonly terms: JoinTerms;
  readonly lease: Lease;
  readonly session: CoordinatorSession;
  readonly agent: Agent;
  readonly peers: PeerMesh;
  readonly renewTimer: NodeJS.Timeout;
  /** Goes off when the lease would end as it stood when the timer was set. */
  leaseTimer: NodeJS.Timeout;
}

/**
 * One incarnation of this node at a time: its lease, its link to the coordinator and its links to peers. Whatever ends one of them ends the
 * incarnation: rights are revoked first, then everybody is told.
 */
export class Membership {
  readonly #options: MembershipOptions;
  #life: Life | undefined;
  #joining: CoordinatorSession | undefined;
  readonly #early = new EarlyLinks();
  #latest: JoinTerms | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** The terms of the current life, or of the last one. */
  get terms(): JoinTerms | undefined {
    return this.#latest;
  }

  get session(): CoordinatorSession | undefined {
    return this.#life?.session;
  }

  /** What this node may do with the page now, and at which version of its bytes. */
  heldAt(page: PageId): { readonly right: Right; readonly version: Version } | undefined {
    return this.#life?.agent.heldAt(page);
  }

  /** Becomes a member, as a new incarnation. */
  async join(): Promise<void> {
    const before = this.#latest;
    const { coordinator, name, urls, joinTimeoutMs, link, now, guard } = this.#options;
    const session: CoordinatorSession = new CoordinatorSession({
      url: coordinator,
      name,
      urls,
      previous: before?.incarnation,
      joinTimeoutMs,
      link,
      now,
      guard,
      handlers: {
        joined: (terms) => this.#begin(session, terms),
        mayAct: () => this.#life?.session === session && this.leaseHolds(now()),
        renewed: (sentAt) => this.#renewed(sentAt),
        members: (members) => this.#life?.peers.update(members),
        coherence: (message) => this.#coherence(message),
        regionDeleted: (region) => this.#options.regionDeleted(region),
        synchronization: (reply) => this.#options.synchronization(reply),
        ended: (reason) => {
          if (this.#life?.session === session) this.fence(reason);
        },
      },
    });
    this.#joining = session;
    try {
      await session.joined;
    } finally {
      this.#joining = undefined;
      this.#early.drop(`node "${name}" has not become a member of the cluster`);
    }
  }

  /** False when there is no life, or its lease is over, in which case it is ended before the answer. */
  leaseHolds(now: Millis): boolean {
    const life = this.#life;
    if (life === undefined) return false;
    if (life.lease.holds(now)) return true;
    this.fence('its lease ended before the coordinator confirmed a renewal');
    return false;
  }

  /** Ends the life at once: every right is revoked before anybody hears of it. */
  fence(reason: string): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    const { pager, name, fenced } = this.#options;
    pager.end({ code: 'fenced', message: `node "${name}" was fenced: ${reason}` });
    this.#options.leaseEnds(undefined);
    clearInterval(life.renewTimer);
    clearTimeout(life.leaseTimer);
    life.peers.close('this node was fenced');
    life.session.destroy('this node was fenced');
    fenced(reason);
  }

  /** A member broke the protocol: its link is cut and the coordinator decides which of the two has to go. */
  cut(member: Incarnation, what: string): void {
    this.#life?.peers.cut(member, what);
  }

  accept(peer: Attributes, link: Link): Acceptance {
    if (this.#life !== undefined) return this.#life.peers.accept(peer, link);
    const early = this.#joining === undefined ? undefined : this.#early.hold(peer, link);
    return early ?? { refuse: { code: 'fenced', reason: `node "${this.#options.name}" is no member of a cluster now` } };
  }

  send(to: Peer, message: PageMessage, frames: FrameSource): void {
    if (to === HOME) this.#life?.session.send(message, frames);
    else this.#life?.peers.send(to, encodeMessage(message, frames));
  }

  /** Leaves in good order, when nothing is held any more. */
  async leave(timeoutMs: number): Promise<void> {
    this.#joining?.destroy('the node is closing');
    const life = this.#life;
    if (life === undefined) return;
    await life.session.leave(timeoutMs);
    if (this.#life !== life) return;
    this.#life = undefined;
    this.#options.leaseEnds(undefined);
    clearInterval(life.renewTimer);
    clearTimeout(life.leaseTimer);
    life.peers.close('the node has left');
  }

  #coherence(message: CoherenceMessage): void {
    if (message.kind === 'node-lost') this.#life?.peers.lose(message.member);
    this.#options.pager.message(HOME, message);
  }

  #begin(session: CoordinatorSession, terms: JoinTerms): void {
    const { pager, now, guard, transports, link } = this.#options;
    // The times of a link are whole milliseconds; those of a lease need not be.
    const patienceMs = Math.ceil(terms.leaseMs);
    const peers = new PeerMesh({
      cluster: terms.cluster,
      self: terms.incarnation,
      transports,
      // A peer that cannot be reached for the length of a lease is one too long: one of the two has to go.
      link: { connectMs: patienceMs, resumeMs: patienceMs, ...link },
      mayAct: () => this.leaseHolds(now()),
      guard,
      message: (from, message) => pager.message(from, message),
      suspect: (member) => session.send({ kind: 'suspect', member }),
    });
    const lease = new Lease({ ...terms, now: now(), marginMs: Math.min(limits.leaseMarginMs, terms.leaseMs / 4) });
    const renewTimer = setInterval(() => guard(() => this.#renew()), terms.renewEveryMs);
    if (this.#latest !== undefined && this.#latest.cluster !== terms.cluster) this.#options.newCluster();
    this.#latest = terms;
    const agent = new Agent();
    this.#life = { terms, lease, session, agent, peers, renewTimer, leaseTimer: this.#watchLease(session, lease) };
    this.#options.leaseEnds(lease.end(now()));
    pager.begin(agent, terms.incarnation);
    this.#early.decide((attributes, early) => peers.accept(attributes, early));
  }

  #renewed(sentAt: Millis): void {
    const { now, leaseEnds } = this.#options;
    const lease = this.#life?.lease;
    if (lease === undefined) return;
    lease.renewed(sentAt, now());
    leaseEnds(lease.end(now()));
  }

  /** Fences at the end of the lease, to the millisecond: nobody asks about the lease before each plain load and store of mapped memory. */
  #watchLease(session: CoordinatorSession, lease: Lease): NodeJS.Timeout {
    const { now, guard } = this.#options;
    const atEnd = (): void => {
      const life = this.#life;
      if (life?.session === session && this.leaseHolds(now())) life.leaseTimer = this.#watchLease(session, lease);
    };
    return setTimeout(() => guard(atEnd), Math.max(1, lease.endsAt - now()));
  }

  #renew(): void {
    const now = this.#options.now();
    if (this.leaseHolds(now)) this.#life?.session.send({ kind: 'renew', sentAt: now, counters: this.#options.counters() });
  }
}
