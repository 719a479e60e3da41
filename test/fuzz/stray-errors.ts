/** Watches this process for what must never happen while it is fuzzed: an exception or a rejection that nobody catches, a bug that a node reports. */
export class StrayErrors implements Disposable {
  readonly #seen: unknown[] = [];
  readonly #note = (error: unknown): void => void this.#seen.push(error);
  readonly #warned = (warning: Error): void => {
    if (warning.name === 'PagewireBug') this.#note(warning);
  };

  constructor() {
    process.on('uncaughtException', this.#note);
    process.on('unhandledRejection', this.#note);
    process.on('warning', this.#warned);
  }

  /** Throws the first that was seen since the last time. Rejections are known as unhandled one turn of the loop after they happened. */
  async check(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const [first] = this.#seen.splice(0);
    if (first !== undefined) throw new Error(`nobody caught: ${first instanceof Error ? first.stack : String(first)}`, { cause: first });
  }

  [Symbol.dispose](): void {
    process.off('uncaughtException', this.#note);
    process.off('unhandledRejection', this.#note);
    process.off('warning', this.#warned);
  }
}
