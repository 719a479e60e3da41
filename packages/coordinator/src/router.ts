import {
  type CoherenceMessage,
  type ErrorCode,
  type MembershipMessage,
  type Message,
  type Millis,
  PagewireError,
  type RequestMessage,
  type SyncRequest,
  unreachable,
} from '@pagewire/protocol';
import type { LinkEnd } from '@pagewire/transport';
import { Cluster, type ClusterParts, type ClusterPorts } from './cluster.js';
import type { LinkId } from './membership/membership-io.js';
import { type ClusterStatus, statusJson } from './status.js';

/** What peers say they are in the handshake. */
export type Role = 'node' | 'admin' | 'client';

/** Where the router's decisions go. */
export interface RouterPorts extends Omit<ClusterPorts, 'turnAway'> {
  /** Sends what is queued and ends the link. */
  end(link: LinkId, end: LinkEnd): void;
}

interface Peer {
  readonly role: Role;
  /** The name in the handshake of a node. */
  readonly name: string;
  /** Whether its first message has come: a node's is its join. */
  spoke: boolean;
}

/** What nodes may say about their membership. */
type NodeMembershipMessage = Extract<MembershipMessage, { kind: 'join' | 'renew' | 'leave' | 'suspect' }>;

/**
 * Gives each message to the machine it is for. It has no clock and does no I/O, and decides only who may say what: page messages count
 * only over a link that speaks for a live member (I5).
 */
export class Router {
  readonly #cluster: Cluster;
  readonly #membership: ClusterParts['membership'];
  readonly #ports: RouterPorts;
  readonly #peers = new Map<LinkId, Peer>();

  constructor(parts: ClusterParts, ports: RouterPorts) {
    this.#ports = ports;
    this.#membership = parts.membership;
    this.#cluster = new Cluster(parts, { ...ports, turnAway: (now, link, code, reason) => this.#turnAway(now, link, code, reason) });
  }

  /** `name` is the node's; other roles have none. */
  linkOpened(link: LinkId, role: Role, name = ''): void {
    this.#peers.set(link, { role, name, spoke: false });
  }

  /** The link is over. Messages of it that come later have no effect. */
  linkLost(now: Millis, link: LinkId): void {
    if (this.#peers.delete(link)) this.#cluster.tellMembership(now, { kind: 'link-lost', link });
  }

  tick(now: Millis): void {
    this.#cluster.tick(now);
  }

  status(now: Millis): ClusterStatus {
    return this.#cluster.status(now);
  }

  message(now: Millis, link: LinkId, message: Message): void {
    const peer = this.#peers.get(link);
    if (peer === undefined) return;
    if (peer.role === 'node' && !peer.spoke && message.kind !== 'join') return this.violation(now, link, `"${message.kind}" before a join`);
    peer.spoke = true;
    switch (message.kind) {
      case 'acquire':
      case 'grant':
      case 'supply':
      case 'downgrade':
      case 'transfer':
      case 'invalidate':
      case 'page':
      case 'invalidated':
      case 'downgraded':
      case 'acquired':
      case 'settled':
      case 'release':
      case 'released':
      case 'refused':
      case 'query':
      case 'report':
      case 'node-lost':
        return this.#coherence(now, link, peer, message);
      case 'join':
      case 'renew':
      case 'leave':
      case 'suspect':
        return this.#aboutMembership(now, link, peer, message);
      case 'lock':
      case 'take-permits':
      case 'give-back':
      case 'arrive':
      case 'wait':
      case 'notify':
      case 'cancel':
        return this.#synchronize(now, link, peer, message);
      case 'open-region':
      case 'delete-region':
      case 'list-regions':
      case 'status':
      case 'read':
      case 'write':
      case 'operate':
        return this.#request(now, link, peer, message);
      case 'joined':
      case 'members':
      case 'renewed':
      case 'left':
      case 'expelled':
      case 'region-opened':
      case 'deleted':
      case 'regions-listed':
      case 'status-reported':
      case 'bytes-read':
      case 'written':
      case 'operated':
      case 'failed':
      case 'region-deleted':
      case 'obtained':
      case 'given-back':
      case 'passed':
      case 'waiting':
      case 'look-again':
      case 'woken':
      case 'notified':
      case 'cancelled':
      case 'denied':
        return this.violation(now, link, `"${message.kind}", which is not for coordinators`);
      default:
        return unreachable(message);
    }
  }

  /** The peer sent what it may not: a member is expelled, and the link ends. */
  violation(now: Millis, link: LinkId, what: string): void {
    const peer = this.#peers.get(link);
    if (peer === undefined) return;
    this.#ports.log({ level: 'error', event: 'protocol-violation', role: peer.role, name: peer.name, what });
    const member = this.#membership.memberOf(link);
    if (member !== undefined)
      this.#cluster.tellMembership(now, { kind: 'expel', member, reason: `it broke the protocol: it sent ${what}` });
    this.#turnAway(now, link, 'protocol-violation', `the coordinator got ${what}: run the same version of pagewire everywhere`);
  }

  #coherence(now: Millis, link: LinkId, peer: Peer, message: CoherenceMessage): void {
    if (peer.role !== 'node') return this.violation(now, link, `"${message.kind}" of a ${peer.role}`);
    const from = this.#membership.memberOf(link);
    // I5: a member that is lost or expelled goes on sending until it has heard of it.
    if (from !== undefined) this.#cluster.tellHome(now, { kind: 'message', from, message });
  }

  #synchronize(now: Millis, link: LinkId, peer: Peer, message: SyncRequest): void {
    if (peer.role !== 'node') return this.violation(now, link, `"${message.kind}" of a ${peer.role}`);
    const from = this.#membership.memberOf(link);
    // I5, as above.
    if (from !== undefined) this.#cluster.synchronize(now, from, message);
  }

  #aboutMembership(now: Millis, link: LinkId, peer: Peer, message: NodeMembershipMessage): void {
    if (peer.role !== 'node') return this.violation(now, link, `"${message.kind}" of a ${peer.role}`);
    switch (message.kind) {
      case 'join': {
        const { name, urls, previous } = message;
        if (name !== peer.name) return this.violation(now, link, `a join as "${name}" over the link of "${peer.name}"`);
        return this.#cluster.tellMembership(now, { kind: 'join', link, name, urls, previous });
      }
      case 'renew':
        return this.#cluster.renew(now, link, message);
      case 'leave':
        return this.#cluster.tellMembership(now, { kind: 'leave', link });
      case 'suspect':
        return this.#cluster.tellMembership(now, { kind: 'suspect', link, member: message.member });
      default:
        return unreachable(message);
    }
  }

  #request(now: Millis, link: LinkId, peer: Peer, request: RequestMessage): void {
    try {
      if (peer.role === 'node' && this.#membership.memberOf(link) === undefined) {
        throw new PagewireError('fenced', `${request.kind}: this node is not a member of the cluster; rejoin first`);
      }
      this.#ports.send([link], this.#answer(now, request));
    } catch (error) {
      if (!(error instanceof PagewireError)) throw error;
      this.#ports.send([link], { kind: 'failed', id: request.id, code: error.code, message: error.message });
    }
  }

  #answer(now: Millis, request: RequestMessage): Message {
    const { id } = request;
    switch (request.kind) {
      case 'open-region': {
        const { name, bytes, pageBytes } = request;
        const options = { ...(bytes === undefined ? {} : { bytes }), ...(pageBytes === undefined ? {} : { pageBytes }) };
        return { kind: 'region-opened', id, record: this.#cluster.openRegion(now, name, options) };
      }
      case 'delete-region':
        this.#cluster.deleteRegion(now, request.name);
        return { kind: 'deleted', id };
      case 'list-regions':
        return { kind: 'regions-listed', id, records: this.#cluster.listRegions(request.after) };
      case 'status':
        return { kind: 'status-reported', id, json: statusJson(this.#cluster.status(now)) };
      case 'read':
      case 'write':
      case 'operate':
        throw new PagewireError('unsupported', `${request.kind}: the coordinator serves no memory; connect to a node`);
      default:
        return unreachable(request);
    }
  }

  /** Says why, and ends the link. */
  #turnAway(now: Millis, link: LinkId, code: ErrorCode, reason: string): void {
    // No request has the id 0: this answers whatever the peer did last.
    this.#ports.send([link], { kind: 'failed', id: 0, code, message: reason });
    this.#ports.end(link, { code, reason });
    this.linkLost(now, link);
  }
}
