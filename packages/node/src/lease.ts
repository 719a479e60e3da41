/**
 * A node's lease by its own monotonic clock, in milliseconds. The coordinator counts the lease from when a renewal arrives, the node from
 * when it sent it, and the node stops a margin earlier still: so it has given up every right before anyone stops waiting for it, as long
 * as the two clocks run at the same rate within the margin (Gray, Cheriton, "Leases", 1989).
 */
export class Lease {
  readonly #lengthMs: number;
  #endsAt: number;

  /** `sentAt` is when the node asked to join. */
  constructor(options: { readonly sentAt: number; readonly leaseMs: number; readonly marginMs: number }) {
    this.#lengthMs = options.leaseMs - options.marginMs;
    this.#endsAt = options.sentAt + this.#lengthMs;
  }

  /** From this moment on the node must not use any right. */
  get endsAt(): number {
    return this.#endsAt;
  }

  holds(now: number): boolean {
    return now < this.#endsAt;
  }

  /** A renewal sent at `sentAt` was confirmed. One that arrives after the end does not bring the lease back. */
  renewed(sentAt: number, now: number): void {
    if (this.holds(now) && sentAt <= now) this.#endsAt = Math.max(this.#endsAt, sentAt + this.#lengthMs);
  }
}
