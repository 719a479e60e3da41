/** What a run tells people, on standard error: lines that stay, and where that is a terminal one that moves. */
export class Log {
  readonly #startMs = performance.now();
  readonly #out: NodeJS.WriteStream;
  #live = '';

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  get isLive(): boolean {
    return this.#out.isTTY;
  }

  say(text: string): void {
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(1).padStart(6);
    this.#out.write(`${this.#clear()}${seconds} s  ${text}\n${this.#live}`);
  }

  /** The line that moves; an empty one takes it away. */
  live(text: string): void {
    if (!this.isLive || text === this.#live) return;
    const before = this.#clear();
    this.#live = text.slice(0, Math.max(20, (this.#out.columns ?? 80) - 1));
    this.#out.write(`${before}${this.#live}`);
  }

  #clear(): string {
    return this.isLive && this.#live !== '' ? '\r\x1b[K' : '';
  }
}
