/** What a first lease is made of, in milliseconds; the times are by the node's clock. */
export interface LeaseTerms {
  readonly sentAt: number;
  readonly waitedMs: number;
  readonly now: number;
  readonly leaseMs: number;
  readonly marginMs: number;
}

/** How far away the end of a lease is, in milliseconds. */
export interface LeaseEnd {
  /** Until this node has to have given up every right. */
  readonly inMs: number;
  /** From then until others may stop waiting for it. */
  readonly marginMs: number;
}

/**
 * A node's lease by its own monotonic clock, in milliseconds. The coordinator counts the lease from when a renewal arrives, the node from
 * when it sent it, and the node stops a margin earlier still: so it has given up every right before anyone stops waiting for it, as long
 * as the two clocks run at the same rate within the margin (Gray, Cheriton, "Leases", 1989).
 */
export class Lease {
  readonly #lengthMs: number;
  readonly #marginMs: number;
  #endsAt: number;

  /**
   * `sentAt` is when the node asked to join, `waitedMs` how long the coordinator then let it wait, and `now` when it was let in. It cannot
   * have been let in before `sentAt + waitedMs`, so the lease counts from then; that the wait was measured by the other clock is covered by
   * the margin. A wait that would not be over yet by this clock is not believed.
   */
  constructor(options: LeaseTerms) {
    const { sentAt, waitedMs, now, leaseMs, marginMs } = options;
    this.#lengthMs = leaseMs - marginMs;
    this.#marginMs = marginMs;
    this.#endsAt = Math.min(sentAt + waitedMs, now) + this.#lengthMs;
  }

  /** From this moment on the node must not use any right. */
  get endsAt(): number {
    return this.#endsAt;
  }

  end(now: number): LeaseEnd {
    return { inMs: Math.max(0, this.#endsAt - now), marginMs: this.#marginMs };
  }

  holds(now: number): boolean {
    return now < this.#endsAt;
  }

  /** A renewal sent at `sentAt` was confirmed. One that arrives after the end does not bring the lease back. */
  renewed(sentAt: number, now: number): void {
    if (this.holds(now) && sentAt <= now) this.#endsAt = Math.max(this.#endsAt, sentAt + this.#lengthMs);
  }
}
