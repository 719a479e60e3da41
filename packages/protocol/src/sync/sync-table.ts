import { unreachable } from '../errors.js';
import type { Incarnation, Millis } from '../ids.js';
import type { SyncRequest } from '../messages.js';
import { Barriers } from './barriers.js';
import { Pools } from './pools.js';
import { SyncCore } from './sync-core.js';
import type { SyncEffect, SyncInput } from './sync-io.js';
import { WaitQueues } from './wait-queues.js';

export interface SyncTableOptions {
  /** All tokens are larger. Above all that an earlier table of the same cluster has given. */
  readonly lastToken?: number;
}

/**
 * The home of locks, semaphores, barriers and waits on addresses, for all nodes. It alone decides races: a request has one answer, and a
 * `cancel` that comes after it changes nothing. Pure, like the home of pages; it needs no time, for whoever waits cancels.
 */
export class SyncTable {
  readonly #core = new SyncCore();
  readonly #pools: Pools;
  readonly #barriers = new Barriers(this.#core);
  readonly #queues = new WaitQueues(this.#core);

  constructor(options: SyncTableOptions = {}) {
    this.#pools = new Pools(this.#core, options.lastToken ?? 0);
  }

  /** The one door. Effects are to be performed in order, all of them, before the next input. */
  step(_now: Millis, input: SyncInput): SyncEffect[] {
    switch (input.kind) {
      case 'member-joined':
        this.#core.join(input.member);
        break;
      case 'member-lost':
        this.#memberLost(input.member, input.left);
        break;
      case 'region-deleted':
        this.#queues.regionDeleted(input.region);
        break;
      case 'message': {
        const { from, message } = input;
        if (this.#admit(from, message)) this.#message(from, message);
        break;
      }
      case 'address-message': {
        const { from, message, standing } = input;
        if (!this.#admit(from, message)) break;
        if (message.kind === 'wait') this.#queues.wait(from, message, standing);
        else this.#queues.notify(from, message, standing);
        break;
      }
      default:
        unreachable(input);
    }
    return this.#core.finish();
  }

  /** Requests that wait or hold something. */
  get openRequests(): number {
    let count = 0;
    for (const { open } of this.#core.members.values()) count += open.size;
    return count;
  }

  /** True when the message may be acted upon. */
  #admit(from: Incarnation, { kind, id }: SyncRequest): boolean {
    const book = this.#core.members.get(from);
    // I5: what a node sent in a life that has ended has no effect.
    if (book === undefined) {
      this.#core.tell({ kind: 'ignored', what: kind, why: 'its sender is not a member' });
      return false;
    }
    if (kind === 'cancel' || kind === 'give-back') return true;
    if (id <= book.lastId) {
      this.#core.tell({ kind: 'violation', from, what: `${kind} with the number ${id} after ${book.lastId}` });
      return false;
    }
    book.lastId = id;
    return true;
  }

  #message(from: Incarnation, message: Extract<SyncInput, { kind: 'message' }>['message']): void {
    switch (message.kind) {
      case 'lock':
      case 'take-permits':
        return this.#pools.obtain(from, message);
      case 'give-back': {
        const request = this.#core.find(from, message.id);
        if (request?.kind === 'claim' && request.held) return this.#pools.giveBack(request);
        return this.#core.tell({ kind: 'violation', from, what: `give-back of request ${message.id}, which holds nothing` });
      }
      case 'arrive':
        return this.#barriers.arrive(from, message);
      case 'cancel':
        return this.#cancel(from, message.id);
      default:
        return unreachable(message);
    }
  }

  #cancel(from: Incarnation, id: number): void {
    const request = this.#core.find(from, id);
    if (request === undefined || (request.kind === 'claim' && request.held)) {
      return this.#core.tell({ kind: 'ignored', what: 'cancel', why: 'the request was answered before' });
    }
    this.#core.reply(from, { kind: 'cancelled', id });
    if (request.kind === 'claim') this.#pools.withdraw(request);
    else if (request.kind === 'arrival') this.#barriers.withdraw(request);
    else this.#queues.withdraw(request);
  }

  #memberLost(gone: Incarnation, left: boolean): void {
    const open = [...(this.#core.members.get(gone)?.open.values() ?? [])];
    this.#core.members.delete(gone);
    this.#pools.gone(open.filter((request) => request.kind === 'claim'));
    for (const request of open) if (request.kind === 'waiter') this.#queues.withdraw(request);
    if (left) this.#barriers.left(gone);
    else this.#barriers.lost(gone);
    this.#queues.recheckAll();
  }
}
