/** A request to stop that many loops watch. Unlike an AbortSignal it holds no listener of anyone who has stopped waiting. */
export class Stop {
  #requested = false;
  readonly #waiting = new Set<() => void>();

  get requested(): boolean {
    return this.#requested;
  }

  request(): void {
    if (this.#requested) return;
    this.#requested = true;
    for (const wake of [...this.#waiting]) wake();
    this.#waiting.clear();
  }

  /** Calls `wake` once, now or when the stop is requested. The function returned takes it back. */
  onRequest(wake: () => void): () => void {
    if (this.#requested) wake();
    else this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }
}
