/**
 * The writes that the program of this node has begun and not seen the end of. What says that the program has come to a point (a lock given
 * back, a notify, an arrival) waits for those that it began before, whether or not the program did.
 */
export class BegunWrites {
  readonly #writes = new Set<Promise<void>>();

  /** Answers the write as its caller is to have it: one that fails and that nobody handles must still be seen. */
  begun<T>(write: Promise<T>): Promise<T> {
    const end = (): void => void this.#writes.delete(ended);
    const ended = write.then(end, end);
    this.#writes.add(ended);
    return write.then((value) => value);
  }

  /** Resolves when all that are under way now have ended, well or badly; each has a deadline. `undefined` when there are none. */
  ended(): Promise<unknown> | undefined {
    return this.#writes.size === 0 ? undefined : Promise.all(this.#writes);
  }
}
