import { decodeMessage, type Incarnation, incarnation, limits, type Member, type PageMessage, PagewireError } from '@pagewire/protocol';
import { type Acceptance, type Attributes, dial, type Link, type LinkHandlers, type LinkOptions, linkDefaults } from '@pagewire/transport';
import { chooseUrl, type TransportKind } from './transport-choice.js';

export interface PeerMeshOptions {
  readonly cluster: string;
  readonly self: Incarnation;
  readonly transports: readonly TransportKind[];
  readonly link: Partial<LinkOptions>;
  /** False when this node may not act on what it is told any more: the message is dropped. */
  mayAct(): boolean;
  /** Does what came from a link or a timer. What it throws is a bug, which is not for the link. */
  guard(work: () => void): void;
  message(from: Incarnation, message: PageMessage): void;
  /** The link to a member ended: what was on it may be lost, so one of the two must go. */
  suspect(member: Incarnation): void;
}

/** Another node. */
interface Peer {
  /** Unknown until the coordinator has named it a member. Before that its link is paused, and nothing is sent to it. */
  member: Member | undefined;
  link: Link | undefined;
  /** Envelopes that wait for it to be connected and known. */
  waiting: Uint8Array[];
  waitingBytes: number;
  redial: NodeJS.Timeout | undefined;
  /** Ends the link of one that is not named a member. */
  patience: NodeJS.Timeout | undefined;
}

/** Bytes that may wait for a peer to connect; it dials as soon as it has joined. It cannot ask for more than a window, and what is about them. */
const maxWaitingBytes = limits.maxWindowsPerNode * limits.windowBytes;
const redialAfterMs = 100;
/** Of every link between members: what their windows allow always fits. */
const memberLink = { maxBufferedBytes: limits.maxMemberLinkBytes };

/**
 * The links between this node and all others: one for each pair, dialed by the younger, which is the one that knows the other from the
 * start. What is sent before the link exists waits for it. Only members are heard: not one that is lost, nor one that the coordinator has not
 * named yet (I5).
 */
export class PeerMesh {
  readonly #options: PeerMeshOptions;
  readonly #peers = new Map<Incarnation, Peer>();
  readonly #lost = new Set<Incarnation>();
  /** Incarnations rise: a number up to this one that is not a member any more belongs to the past, one above it to the future. */
  #newest: Incarnation;
  #closed = false;

  constructor(options: PeerMeshOptions) {
    this.#options = options;
    this.#newest = options.self;
  }

  /** Who is in now. Dials those that joined before this node, forgets those that are gone. */
  update(members: readonly Member[]): void {
    const present = new Map(members.map((member) => [member.incarnation, member]));
    for (const member of present.keys()) if (member > this.#newest) this.#newest = member;
    for (const known of [...this.#peers.keys()]) if (!present.has(known) && known <= this.#newest) this.lose(known);
    for (const member of members) {
      if (member.incarnation === this.#options.self || this.#lost.has(member.incarnation)) continue;
      const peer = this.#peer(member.incarnation);
      const announced = peer.member === undefined;
      peer.member = member;
      if (announced) this.#admit(peer);
      if (member.incarnation < this.#options.self && peer.link === undefined && peer.redial === undefined)
        this.#dial(member.incarnation, peer);
    }
  }

  /** The lease of `member` has ended: nothing more is sent to it or heard from it. */
  lose(member: Incarnation): void {
    this.#lost.add(member);
    const peer = this.#peers.get(member);
    if (peer === undefined) return;
    this.#peers.delete(member);
    stopTimers(peer);
    peer.link?.destroy({ code: 'closed', reason: `node ${member} is lost` });
  }

  /** The parts are copied before it returns. */
  send(to: Incarnation, parts: readonly Uint8Array[]): void {
    if (this.#closed || this.#isPast(to)) return;
    const peer = this.#peer(to);
    if (peer.link !== undefined && peer.member !== undefined) return peer.link.send(parts);
    const envelope = Buffer.concat(parts);
    peer.waiting.push(envelope);
    peer.waitingBytes += envelope.length;
    if (peer.waitingBytes > maxWaitingBytes) {
      // An envelope that is dropped breaks the pair as much as a link that ends.
      peer.waiting = [];
      peer.waitingBytes = 0;
      this.#options.suspect(to);
    }
  }

  /** Decides on a link from a node that dialed this one. */
  accept(attributes: Attributes, link: Link): Acceptance {
    const { cluster, self } = this.#options;
    const refuse = (reason: string): Acceptance => ({ refuse: { code: 'fenced', reason } });
    if (this.#closed || attributes['cluster'] !== cluster || attributes['to'] !== self) {
      return refuse(`this is node ${self} of cluster ${cluster}, not node ${String(attributes['to'])} of ${String(attributes['cluster'])}`);
    }
    const number = attributes['from'];
    if (typeof number !== 'number' || !Number.isSafeInteger(number) || number <= self) return refuse('the younger node dials the older');
    const from = incarnation(number);
    // One that is newer than all known has joined a moment ago, and the coordinator's word of it is still on its way.
    if (this.#isPast(from)) return refuse(`node ${from} is no member of the cluster any more`);
    const peer = this.#peer(from);
    const before = peer.link;
    const handlers = this.#handlers(from, link);
    peer.link = link;
    before?.destroy({ code: 'closed', reason: 'the peer has dialed again' });
    if (peer.member === undefined) this.#hold(from, peer, link);
    else this.#admit(peer);
    return { handlers, attributes: { role: 'peer', cluster, from: self }, link: memberLink };
  }

  /** A peer that breaks the protocol is not listened to any further. */
  cut(from: Incarnation, what: string): void {
    const link = this.#peers.get(from)?.link;
    if (link === undefined) return;
    this.#linkClosed(from);
    link.destroy({ code: 'protocol-violation', reason: `it sent ${what}` });
  }

  /** Ends every link. What a goodbye would carry the peers hear from the coordinator. */
  close(reason: string): void {
    this.#closed = true;
    for (const peer of this.#peers.values()) {
      stopTimers(peer);
      peer.link?.destroy({ code: 'closed', reason });
    }
    this.#peers.clear();
  }

  #isPast(member: Incarnation): boolean {
    return this.#lost.has(member) || (member <= this.#newest && this.#peers.get(member)?.member === undefined);
  }

  #peer(number: Incarnation): Peer {
    let peer = this.#peers.get(number);
    if (peer === undefined) {
      peer = { member: undefined, link: undefined, waiting: [], waitingBytes: 0, redial: undefined, patience: undefined };
      this.#peers.set(number, peer);
    }
    return peer;
  }

  #dial(number: Incarnation, peer: Peer): void {
    peer.redial = undefined;
    const { cluster, self, transports, link: linkOptions } = this.#options;
    const url = peer.member === undefined ? undefined : chooseUrl({ incarnation: self, transports }, peer.member);
    if (url === undefined) return this.#options.suspect(number);
    try {
      const link: Link = dial({
        url,
        attributes: { role: 'peer', cluster, from: self, to: number },
        handlers: this.#handlers(number, () => link),
        link: { ...linkOptions, ...memberLink },
      });
      peer.link = link;
      this.#admit(peer);
    } catch (error) {
      // The peer told the coordinator an address that cannot be dialed.
      if (!(error instanceof PagewireError)) throw error;
      this.#options.suspect(number);
    }
  }

  /** The coordinator's word of a member may be later than its link, by as long as the link to the coordinator may be cut. */
  #hold(from: Incarnation, peer: Peer, link: Link): void {
    link.pause();
    clearTimeout(peer.patience);
    const patienceMs = this.#options.link.resumeMs ?? linkDefaults.resumeMs;
    const giveUp = (): void =>
      peer.link?.destroy({ code: 'fenced', reason: `node ${from} is not known as a member after ${patienceMs} ms` });
    peer.patience = setTimeout(() => this.#options.guard(giveUp), patienceMs);
  }

  /** The peer is a member; if it is connected too, both sides may speak. */
  #admit(peer: Peer): void {
    clearTimeout(peer.patience);
    const { link, waiting } = peer;
    if (link === undefined) return;
    peer.waiting = [];
    peer.waitingBytes = 0;
    link.resume();
    for (const envelope of waiting) link.send([envelope]);
  }

  #handlers(from: Incarnation, link: Link | (() => Link)): LinkHandlers {
    const { mayAct, guard } = this.#options;
    const isCurrent = (): boolean => this.#peers.get(from)?.link === (typeof link === 'function' ? link() : link);
    return {
      envelope: (bytes) =>
        guard(() => {
          if (isCurrent() && mayAct()) this.#envelope(from, bytes);
        }),
      closed: () =>
        guard(() => {
          if (isCurrent()) this.#linkClosed(from);
        }),
    };
  }

  #envelope(from: Incarnation, bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (!decoded.ok) return this.cut(from, `bytes that are no message: ${decoded.reason}`);
    const { message } = decoded;
    if (message.kind !== 'page' && message.kind !== 'invalidated')
      return this.cut(from, `"${message.kind}", which no node sends to another`);
    this.#options.message(from, message);
  }

  #linkClosed(from: Incarnation): void {
    const peer = this.#peers.get(from);
    if (this.#closed || peer === undefined) return;
    peer.link = undefined;
    if (peer.member === undefined) {
      clearTimeout(peer.patience);
      this.#peers.delete(from);
      return;
    }
    this.#options.suspect(from);
    const { self, guard } = this.#options;
    if (from < self) peer.redial = setTimeout(() => guard(() => this.#dial(from, peer)), redialAfterMs);
  }
}

function stopTimers({ redial, patience }: Peer): void {
  clearTimeout(redial);
  clearTimeout(patience);
}
