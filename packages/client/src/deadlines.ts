import type { Operation } from './operation.js';

/**
 * The operations that have not ended, by request id. All get the same time, so the order of insertion is the order of deadlines, and one
 * timer set for the oldest serves them all; finishing an operation does not touch it.
 */
export class Deadlines {
  readonly #open = new Map<number, Operation>();
  readonly #expired: (operation: Operation) => void;
  #timer: NodeJS.Timeout | undefined;

  /** `expired` is called for each operation whose deadline has passed, oldest first, after it has been removed. */
  constructor(expired: (operation: Operation) => void) {
    this.#expired = expired;
  }

  get size(): number {
    return this.#open.size;
  }

  add(operation: Operation): void {
    this.#open.set(operation.request.id, operation);
    if (this.#timer === undefined) this.#arm(operation.deadline);
  }

  get(id: number): Operation | undefined {
    return this.#open.get(id);
  }

  remove(operation: Operation): void {
    this.#open.delete(operation.request.id);
  }

  /** Every operation that has not ended, in the order of their calls. */
  all(): Operation[] {
    return [...this.#open.values()];
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(deadline: number): void {
    this.#timer = setTimeout(() => this.#sweep(), Math.max(1, Math.ceil(deadline - performance.now())));
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const operation of this.#open.values()) {
      if (operation.deadline > now) {
        this.#arm(operation.deadline);
        return;
      }
      this.#open.delete(operation.request.id);
      this.#expired(operation);
    }
  }
}
