/** How long to wait. */
export interface WaitLimit {
  /**
   * In milliseconds; default `limits.syncTimeoutMs`. 0 asks once. `Infinity` waits until the death of a node or of this membership ends it. What is
   * asked of the coordinator ends a round trip later, and behind whatever this node asked before that waits for its own writes.
   */
  readonly timeoutMs?: number;
}

/**
 * What `acquire` of a lock gives. When this node is fenced while it holds this, and rejoins, it stays out: its accesses, and those of its clients,
 * go on failing with `fenced` until `release` was called. So what was begun under the lock cannot go on while others hold it. With
 * mapped memory open, a fence ends the process.
 */
export interface HeldLock extends AsyncDisposable {
  readonly name: string;
  /**
   * Larger than the token of everybody who held it before. Whatever the lock protects outside of the cluster can refuse smaller tokens than the
   * largest it has seen: a holder that was stopped and has lost the lock may not know it yet (a "sequencer": Burrows, "The Chubby lock service", 2006).
   */
  readonly token: number;
  /** The holder before was lost or left with it: what it protects may be half changed. */
  readonly abandoned: boolean;
  /** This node was fenced or closed before it was released, and others may hold it. Stays true. */
  readonly lost: boolean;
  /**
   * Resolves when others may have it, after everything that this node wrote before is certain to last: also the writes and atomics that were begun
   * and not awaited, each within its own deadline. Rejects with `fenced` when it was lost before: then others may have held it at the same
   * time; the node may go on from here. Calling it again gives the same promise. `await using` does it.
   */
  release(): Promise<void>;
}

/** Permits of a semaphore. */
export interface HeldPermits extends HeldLock {
  readonly count: number;
}

/** A lock of the cluster, by name. It is held by a request, not by a node: the same node waits for itself. */
export interface Lock {
  readonly name: string;
  /**
   * In order of arrival at the coordinator. Fails with `timeout`, with `fenced` or `closed` when this node's membership ends, with `overloaded`
   * when too many wait.
   */
  acquire(options?: WaitLimit): Promise<HeldLock>;
}

/** As many as `permits` at a time, over the whole cluster. */
export interface Semaphore {
  readonly name: string;
  readonly permits: number;
  /**
   * Takes `count` permits (1) at once, in order of arrival: nobody overtakes one who waits for more. Fails as a lock does, and with `bad-argument`
   * when others use the name with another number of permits.
   */
  acquire(options?: WaitLimit & { readonly count?: number }): Promise<HeldPermits>;
}

/** Where `parties` wait for each other, again and again. */
export interface Barrier {
  readonly name: string;
  readonly parties: number;
  /**
   * Resolves with the number of the generation when all parties have come; what each wrote before, the others can read then. Fails with `broken` when a
   * node is lost that has come, or that came the last time: every other party is told once, when it waits or when it comes, also one that had not come
   * yet and one that was itself fenced, and then the barrier can be used anew. A node that leaves in good order breaks nothing: its arrival is taken
   * back, and the others wait for as many parties as before. Fails with `timeout`, and the arrival does not count, with `bad-argument` when others
   * wait for another number of parties.
   */
  arrive(options?: WaitLimit): Promise<number>;
}

/** How a wait on an address ends, in the words of `Atomics.waitAsync`. */
export type WaitResult = 'ok' | 'not-equal' | 'timed-out';
