import type { Incarnation } from '../ids.js';
import { limits } from '../limits.js';
import type { SyncRequest } from '../messages.js';
import { NamedObjects } from './named-objects.js';
import type { Claim, SyncCore } from './sync-core.js';

/** A lock, or a semaphore: a lock is a pool of one permit. */
export interface Pool {
  readonly kind: 'lock' | 'semaphore';
  readonly name: string;
  readonly permits: number;
  free: number;
  /** In order of arrival: the first is served first, also where a later one asks for less. */
  readonly waiting: Set<Claim>;
  /** A holder was lost, and nobody has obtained anything since. */
  abandoned: boolean;
}

type Obtaining = Extract<SyncRequest, { kind: 'lock' | 'take-permits' }>;

/** Locks and semaphores. Everything obtained carries a token that only grows, so that what it protects can refuse an older holder. */
export class Pools {
  readonly #core: SyncCore;
  readonly #locks = new NamedObjects<Pool>(limits.maxIdleSyncObjects);
  readonly #semaphores = new NamedObjects<Pool>(limits.maxIdleSyncObjects);
  #lastToken: number;

  constructor(core: SyncCore, lastToken: number) {
    this.#core = core;
    this.#lastToken = lastToken;
  }

  obtain(from: Incarnation, request: Obtaining): void {
    const core = this.#core;
    const { id } = request;
    const kind = request.kind === 'lock' ? 'lock' : 'semaphore';
    const { permits, count } = request.kind === 'lock' ? { permits: 1, count: 1 } : request;
    const what = `${kind} "${request.name}"`;
    if (count > permits) return core.deny(from, id, 'bad-argument', `${count} permits of ${what}, which has ${permits}: take no more`);
    const objects = this.#objects(kind);
    const known = objects.find(request.name);
    // Nobody uses one that is whole: it may have another size from here on, and still tells that it was abandoned.
    const agreed = known !== undefined && (known.free < known.permits || known.waiting.size > 0 || known.permits === permits);
    const pool = agreed ? known : newPool(kind, request.name, { permits, abandoned: known?.abandoned === true });
    if (pool.permits !== permits) {
      const message = `${what} is in use with ${pool.permits} permits, not ${permits}: all who use it must agree`;
      return core.deny(from, id, 'bad-argument', message);
    }
    if (pool.waiting.size >= limits.maxSyncWaitersPerObject) {
      return core.deny(from, id, 'overloaded', `${what}: ${pool.waiting.size} requests wait for it already; try again after a pause`);
    }
    if (!core.hasRoom(from, id)) return;
    objects.use(pool);
    const claim: Claim = { kind: 'claim', member: from, id, pool, count, held: false };
    core.open(claim);
    pool.waiting.add(claim);
    this.#serve(pool);
  }

  giveBack(claim: Claim): void {
    this.#core.close(claim);
    this.#core.reply(claim.member, { kind: 'given-back', id: claim.id });
    claim.pool.free += claim.count;
    this.#serve(claim.pool);
  }

  /** A claim that waits ends. Those behind it may have waited only for it. */
  withdraw(claim: Claim): void {
    this.#core.close(claim);
    claim.pool.waiting.delete(claim);
    this.#serve(claim.pool);
  }

  /** The node behind all these claims is gone. What it held passes on, and its next holder is told: what it protected may be half changed. */
  gone(claims: readonly Claim[]): void {
    for (const claim of claims) {
      this.#core.close(claim);
      const { pool } = claim;
      pool.waiting.delete(claim);
      if (!claim.held) continue;
      this.#core.tell({ kind: 'abandoned', object: pool.kind, name: pool.name, by: claim.member });
      pool.abandoned = true;
      pool.free += claim.count;
    }
    // Only now, so that nothing that is freed is handed to the one that is gone.
    for (const pool of new Set(claims.map(({ pool }) => pool))) this.#serve(pool);
  }

  #objects(kind: Pool['kind']): NamedObjects<Pool> {
    return kind === 'lock' ? this.#locks : this.#semaphores;
  }

  #serve(pool: Pool): void {
    for (const claim of pool.waiting) {
      if (claim.count > pool.free) break;
      pool.waiting.delete(claim);
      pool.free -= claim.count;
      claim.held = true;
      this.#lastToken += 1;
      const { abandoned } = pool;
      pool.abandoned = false;
      this.#core.reply(claim.member, { kind: 'obtained', id: claim.id, token: this.#lastToken, abandoned });
    }
    if (pool.waiting.size > 0 || pool.free < pool.permits) return;
    const objects = this.#objects(pool.kind);
    if (!pool.abandoned) return objects.drop(pool);
    const forgotten = objects.rest(pool);
    if (forgotten !== undefined) this.#core.tell({ kind: 'forgotten', object: forgotten.kind, name: forgotten.name });
  }
}

const newPool = (kind: Pool['kind'], name: string, { permits, abandoned }: Pick<Pool, 'permits' | 'abandoned'>): Pool => ({
  kind,
  name,
  permits,
  free: permits,
  waiting: new Set(),
  abandoned,
});
