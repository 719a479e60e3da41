/** When the next operation begins: at once, or at a time of the schedule. */
export interface Slot {
  /** The intended start in open loop; undefined in closed loop. */
  readonly atMs: number | undefined;
}

/** How a run is paced and when it ends. `rate` is operations a second over all lanes. */
export interface Pace {
  readonly startMs: number;
  readonly durationMs: number | undefined;
  readonly operations: number | undefined;
  readonly rate: number | undefined;
}

/**
 * Hands out the operations of a run. With a rate, operation i is due at start + i / rate, whatever became of those before it: lanes
 * that were held up by a stall find a backlog, and its latencies count from when they were due. This avoids the coordinated omission of closed
 * loops (Tene, "How NOT to Measure Latency"; YCSB's intended measurement does the same).
 */
export class Pacer {
  readonly #pace: Pace;
  #taken = 0;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** When the time of the run is over; infinite when only a number of operations ends it. */
  get endMs(): number {
    return this.#pace.startMs + (this.#pace.durationMs ?? Number.POSITIVE_INFINITY);
  }

  #dueMs(index: number): number {
    return this.#pace.rate === undefined ? Number.NEGATIVE_INFINITY : this.#pace.startMs + (index * 1000) / this.#pace.rate;
  }

  /** The next operation, or undefined when the run is over. */
  take(nowMs: number): Slot | undefined {
    const due = this.#dueMs(this.#taken);
    if (this.isOver(nowMs) || due >= this.endMs) return undefined;
    this.#taken++;
    return { atMs: this.#pace.rate === undefined ? undefined : due };
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.endMs || this.#taken >= (this.#pace.operations ?? Number.POSITIVE_INFINITY);
  }

  /** Operations that were due by `nowMs` and were never handed out: a stall at the end of an open loop would otherwise leave no trace. */
  behind(nowMs: number): number {
    const { rate, startMs, operations } = this.#pace;
    if (rate === undefined) return 0;
    const spanMs = Math.min(nowMs, this.endMs) - startMs;
    const due = Math.min(Math.ceil((spanMs * rate) / 1000), operations ?? Number.POSITIVE_INFINITY);
    return Math.max(0, due - this.#taken);
  }
}
