import type { ErrorCode } from '../errors.js';
import { type Incarnation, incarnation, type PageId } from '../ids.js';
import { limits } from '../limits.js';
import type { SyncReply } from '../messages.js';
import type { Barrier } from './barriers.js';
import type { Pool } from './pools.js';
import type { SyncEffect } from './sync-io.js';

/** Names a request of one life of a node. */
interface Named {
  readonly member: Incarnation;
  readonly id: number;
}
/** Waits for a lock or for permits, or holds them. */
export interface Claim extends Named {
  readonly kind: 'claim';
  readonly pool: Pool;
  readonly count: number;
  held: boolean;
}
/** Waits at a barrier. */
export interface Arrival extends Named {
  readonly kind: 'arrival';
  readonly barrier: Barrier;
}
/** Waits for a notify. */
export interface Waiter extends Named {
  readonly kind: 'waiter';
  readonly page: PageId;
  readonly offset: number;
}
/** A request that has not ended: it waits, or holds what it obtained. */
export type OpenRequest = Claim | Arrival | Waiter;

interface MemberBook {
  /** The highest id that it has used: ids only grow, so one that comes again is seen. */
  lastId: number;
  readonly open: Map<number, OpenRequest>;
}

/** What the parts of the table share: who is a member, which requests are open, and what is to be said. */
export class SyncCore {
  readonly members = new Map<Incarnation, MemberBook>();
  /** The highest number that a member has had: numbers only grow. */
  lastMember: Incarnation = incarnation(0);
  #effects: SyncEffect[] = [];

  join(member: Incarnation): void {
    this.members.set(member, { lastId: 0, open: new Map() });
    this.lastMember = member;
  }

  tell(effect: SyncEffect): void {
    this.#effects.push(effect);
  }

  /** What was told since the last call. */
  finish(): SyncEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  reply(to: Incarnation, message: SyncReply): void {
    this.tell({ kind: 'send', to, message });
  }

  deny(to: Incarnation, id: number, code: ErrorCode, message: string): void {
    this.reply(to, { kind: 'denied', id, code, message });
  }

  find(member: Incarnation, id: number): OpenRequest | undefined {
    return this.members.get(member)?.open.get(id);
  }

  open(request: OpenRequest): void {
    this.members.get(request.member)?.open.set(request.id, request);
  }

  /** The request has had its last answer. */
  close({ member, id }: OpenRequest): void {
    this.members.get(member)?.open.delete(id);
  }

  /** True when `from` may have one more request open; else it is told that it may not. */
  hasRoom(from: Incarnation, id: number): boolean {
    const count = this.members.get(from)?.open.size ?? 0;
    if (count < limits.maxSyncRequestsPerNode) return true;
    this.deny(from, id, 'overloaded', `this node has ${count} requests about synchronization waiting or holding something: end some first`);
    return false;
  }
}
