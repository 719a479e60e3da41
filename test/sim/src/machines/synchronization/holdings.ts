import type { Incarnation, SyncReply } from '@pagewire/protocol';
import { RuleBroken } from '../rule-broken.js';
import type { World } from '../world.js';
import type { WorldNode } from '../world-node.js';

/** What is asked for by name. */
export type Named = 'lock' | 'pool' | 'step';

/** Permits of the semaphore `pool`. */
export const PERMITS = 3;

interface Request {
  readonly named: Named;
  readonly count: number;
}

/** What each node asked for by name and was not answered yet, and what it holds: one holder of the lock, and no more permits than there are. */
export class Holdings {
  readonly #asked = new Map<Incarnation, Map<number, Request>>();
  readonly #held = new Map<Incarnation, Map<number, Request>>();
  readonly counts = { obtained: 0, passed: 0 };

  constructor(readonly world: World) {}

  ask(node: WorldNode, id: number, named: Named, count = 1): void {
    of(this.#asked, node).set(id, { named, count });
  }

  asked(node: WorldNode): readonly number[] {
    return [...of(this.#asked, node).keys()];
  }

  arrivals(node: WorldNode): readonly number[] {
    return [...of(this.#asked, node)].filter(([, { named }]) => named === 'step').map(([id]) => id);
  }

  held(node: WorldNode): readonly number[] {
    return [...of(this.#held, node).keys()];
  }

  /** The node does not need it any more. */
  giveUp(node: WorldNode, id: number): void {
    of(this.#held, node).delete(id);
  }

  /** An answer that is about no wait. */
  replied(node: WorldNode, reply: SyncReply): void {
    const request = of(this.#asked, node).get(reply.id);
    of(this.#asked, node).delete(reply.id);
    if (reply.kind === 'passed') this.counts.passed += 1;
    if (reply.kind !== 'obtained' || request === undefined) return;
    this.counts.obtained += 1;
    of(this.#held, node).set(reply.id, request);
    this.#check('lock', 1);
    this.#check('pool', PERMITS);
  }

  #check(named: Named, most: number): void {
    let count = 0;
    for (const [id, held] of this.#held) {
      if (this.world.nodes.get(id)?.alive !== true) continue;
      for (const request of held.values()) if (request.named === named) count += request.count;
    }
    if (count > most) throw new RuleBroken('exclusion', `${count} of "${named}" are held by the living, and there are ${most}`);
  }
}

function of(requests: Map<Incarnation, Map<number, Request>>, { id }: WorldNode): Map<number, Request> {
  const known = requests.get(id);
  if (known !== undefined) return known;
  const made = new Map<number, Request>();
  requests.set(id, made);
  return made;
}
