import { type ErrorCode, InvariantError, type RegionAccess } from '@pagewire/protocol';
import { loadLimits } from './options.js';
import { type Patience, type Persisted, persist, within } from './persistence.js';

/** One client of a run. */
export interface PooledClient {
  readonly region: RegionAccess;
  /** False while its connection is known to be down: what it is asked then waits. */
  readonly reachable: () => boolean;
}

// What says that the client, or the node behind it, is in trouble, and another may do better.
const blamesTheClient: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['unreachable', 'timeout', 'fenced', 'outcome-unknown', 'closed']);

/**
 * The clients of a run as the load phase and the final check use them: any may serve any request, so that those whose node is dead hold
 * nobody up. A client that fails, or does not answer in time, is asked again only when all others have failed too.
 */
export class ClientPool {
  readonly clients: readonly PooledClient[];
  readonly #suspects = new Set<PooledClient>();

  constructor(clients: readonly PooledClient[]) {
    this.clients = clients;
  }

  get size(): number {
    return this.clients.length;
  }

  get regionName(): string {
    return this.clients[0]?.region.name ?? '';
  }

  get anyReachable(): boolean {
    return this.clients.some((client) => client.reachable());
  }

  /**
   * Does `action` through one client after the other until it succeeds, the patience ends, or a page turns out to be lost. An attempt that takes
   * long goes on while the next one is made elsewhere, so `action` must bear being done twice. `job` spreads the first attempts
   * over the clients. Throws the errors that a load does not survive.
   */
  async persist<T>(patience: Patience, job: number, action: (region: RegionAccess) => Promise<T>): Promise<Persisted<T>> {
    return persist(patience, async (attempt) => {
      const client = this.#pick(job + attempt);
      // Each attempt may take longer than the one before: a cluster that is slow, not dead, must not be asked more and more.
      const attemptPatience = { ...patience, deadlineMs: Math.min(patience.deadlineMs, patience.clock.now() + attemptMs(attempt)) };
      const result = await within(action(client.region), attemptPatience);
      if (result.ok) this.#suspects.delete(client);
      else if (blamesTheClient.has(result.code)) this.#suspects.add(client);
      return result;
    });
  }

  #pick(turn: number): PooledClient {
    const reachable = this.clients.filter((client) => client.reachable());
    const trusted = reachable.filter((client) => !this.#suspects.has(client));
    const candidates = [trusted, reachable, this.clients].find((some) => some.length > 0) ?? [];
    const client = candidates[turn % candidates.length];
    if (client === undefined) throw new InvariantError('a load was started without a client');
    return client;
  }
}

const attemptMs = (attempt: number): number => loadLimits.attemptMs * 2 ** attempt;
