import type { ClusterNode } from '@pagewire/node/parts';
import type { Failure } from '../layer.js';

interface Held {
  readonly node: ClusterNode;
  readonly token: number;
  /** Permits that it has, of how many. */
  readonly count: number;
  readonly of: number;
}

interface Holding extends Held {
  readonly incarnation: number;
}

/** Who holds which lock and which permits, seen from above: never too many among those whose membership lasts, and tokens only grow. */
export class SyncGhosts {
  readonly #holdings = new Map<string, Set<Holding>>();
  #arrivals = 0;
  readonly #generations = new Set<number>();
  readonly #lastTokens = new Map<string, number>();
  readonly #isGone: (node: ClusterNode, incarnation: number) => boolean;
  readonly #broken: (failure: Failure) => void;

  /** `isGone` tells whether that life of the node has ended for the cluster. */
  constructor(isGone: (node: ClusterNode, incarnation: number) => boolean, broken: (failure: Failure) => void) {
    this.#isGone = isGone;
    this.#broken = broken;
  }

  /** Something was obtained; the answer is to be called when it is about to be given back. */
  obtained(name: string, held: Held): () => void {
    const holdings = this.#holdings.get(name) ?? new Set();
    this.#holdings.set(name, holdings);
    for (const other of holdings) if (this.#isGone(other.node, other.incarnation)) holdings.delete(other);
    const holding = { ...held, incarnation: held.node.incarnation };
    holdings.add(holding);
    const taken = [...holdings].reduce((sum, { count }) => sum + count, 0);
    if (taken > held.of)
      this.#break(`${taken} of ${held.of} of ${name} are held by ${[...holdings].map(({ node }) => node.name).join(', ')}`);
    if (holdings.size === 1 && held.of === 1) this.#checkToken(name, held.token);
    return () => holdings.delete(holding);
  }

  /** Somebody begins to arrive at the barrier; the answer is to be called with the generation that has passed. */
  arrives(parties: number): (generation: number) => void {
    this.#arrivals += 1;
    return (generation) => {
      this.#generations.add(generation);
      const needed = parties * this.#generations.size;
      if (this.#arrivals < needed)
        this.#break(`the barrier has passed ${this.#generations.size} times, and only ${this.#arrivals} have come`);
    };
  }

  #checkToken(name: string, token: number): void {
    const last = this.#lastTokens.get(name) ?? Number.NEGATIVE_INFINITY;
    if (token <= last) this.#break(`${name} is obtained with token ${token} after ${last}`);
    this.#lastTokens.set(name, token);
  }

  #break(what: string): void {
    this.#broken({ kind: 'synchronization', what });
  }
}
