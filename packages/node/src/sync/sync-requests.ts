import { invariant, limits, PagewireError, type SyncReply, type SyncRequest } from '@pagewire/protocol';
import { type SendPorts, SendQueue } from './send-queue.js';

// `Omit` over a union keeps only the fields that all its members share, so it is applied to each.
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
/** A request before it has its number. */
export type NewRequest = WithoutId<Exclude<SyncRequest, { kind: 'cancel' | 'give-back' }>>;

/** Whoever waits for the answers to a request. */
export interface Asker {
  /** Called with each answer. Only `waiting` is not the last one. */
  replied(reply: SyncReply): void;
  /** The membership is over, and no answer will come. */
  failed(error: PagewireError): void;
  /** The node is closing: whatever still waits is to be cancelled, with this for whoever asked. */
  stop(error: PagewireError): void;
}

export interface SyncPorts extends SendPorts {
  /** Throws what a request fails with that may not be made now. */
  admit(): void;
}

/**
 * What this node has asked the coordinator about synchronization: one number for each request, its answers to whoever asked, and an end for all
 * with the membership. The coordinator decides every race; a request that is not wanted any more is cancelled and waits for its answer.
 */
export class SyncRequests {
  readonly #ports: SyncPorts;
  readonly #queue: SendQueue;
  readonly #askers = new Map<number, Asker>();
  #lastId = 0;
  #life = 0;
  #ended = new PagewireError('fenced', 'this node has not joined a cluster yet');
  #idle: (() => void) | undefined;

  constructor(ports: SyncPorts) {
    this.#ports = ports;
    this.#queue = new SendQueue(ports);
  }

  /** Changes when a membership ends: what was obtained under another number is not held any more. */
  get life(): number {
    return this.#life;
  }

  /** Why the last membership ended. */
  get ended(): PagewireError {
    return this.#ended;
  }

  /** Throws what a request fails with that may not be made now. */
  admit(): void {
    this.#ports.admit();
  }

  /** Puts the request in line in this turn. Returns its number; throws what it fails with at once. */
  ask(request: NewRequest, asker: Asker): number {
    this.#ports.admit();
    if (this.#askers.size >= limits.maxSyncRequestsPerNode) {
      const message = `${request.kind}: ${this.#askers.size} requests of this node wait already; wait for some of them first`;
      throw new PagewireError('overloaded', message);
    }
    this.#lastId += 1;
    this.#askers.set(this.#lastId, asker);
    // The spread of a union loses which member it was; `request` is whole but for its id.
    this.#queue.add({ ...request, id: this.#lastId } as SyncRequest);
    return this.#lastId;
  }

  /** True while the request has not had its last answer. */
  waits(id: number): boolean {
    return this.#askers.has(id);
  }

  /** Its asker hears how it ended all the same. */
  cancel(id: number): void {
    if (this.#askers.has(id)) this.#queue.add({ kind: 'cancel', id });
  }

  /** What request `id` of life number `life` obtained. Throws why that life ended if it has. */
  giveBack(id: number, life: number, asker: Asker): void {
    if (life !== this.#life) throw this.#ended;
    invariant(!this.#askers.has(id), `request ${id} is given back once, after it was answered`);
    this.#askers.set(id, asker);
    this.#queue.add({ kind: 'give-back', id });
  }

  /** An answer of the coordinator of this life. */
  replied(reply: SyncReply): void {
    const asker = this.#askers.get(reply.id);
    if (asker === undefined) return;
    if (reply.kind !== 'waiting') this.#askers.delete(reply.id);
    asker.replied(reply);
    if (this.#askers.size === 0) this.#idle?.();
  }

  /** The membership is over. */
  end(error: PagewireError): void {
    this.#life += 1;
    this.#ended = error;
    this.#queue.clear();
    const askers = [...this.#askers.values()];
    this.#askers.clear();
    for (const asker of askers) asker.failed(error);
    this.#idle?.();
  }

  /** Cancels everything that waits, for which `error` is then the reason. Resolves when all have had their answers. */
  async stop(error: PagewireError): Promise<void> {
    for (const asker of [...this.#askers.values()]) asker.stop(error);
    if (this.#askers.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }
}
