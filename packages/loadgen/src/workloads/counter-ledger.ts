const INITIAL_WORDS = 1024;

/** Which numbers were handed out: one bit for each, grown as needed. */
class Seen {
  #words = new Uint32Array(INITIAL_WORDS);

  /** Marks `n`. False when it was marked before. */
  mark(n: number): boolean {
    const word = n >>> 5;
    if (word >= this.#words.length) {
      const larger = new Uint32Array(Math.max(word + 1, this.#words.length * 2));
      larger.set(this.#words);
      this.#words = larger;
    }
    const before = this.#words[word] ?? 0;
    const after = (before | (1 << (n & 31))) >>> 0;
    this.#words[word] = after;
    return before !== after;
  }
}

/** An increment under way. */
export interface Increment {
  /** Every increment that had returned a number below this had ended when this one began. */
  readonly floor: number;
}

/**
 * What the clients know of one counter, counted from its value at the start: enough to check each returned value when it arrives. Fetch-and-add is
 * linearizable exactly when (1) every number is handed out once, (2) an increment returns more than any that ended before it began, and
 * (3) it returns less than the number of increments begun.
 */
export class CounterLedger {
  readonly #seen = new Seen();
  #floor = 0;
  #begun = 0;
  #acknowledged = 0;
  lost = false;

  /** Increments that returned. */
  get acknowledged(): number {
    return this.#acknowledged;
  }
  /** Increments that may or may not have taken effect: those whose outcome is unknown, and those still under way. */
  get unknown(): number {
    return this.#begun - this.#acknowledged;
  }

  begin(): Increment {
    this.#begun++;
    return { floor: this.#floor };
  }

  /** The increment was refused before it started. */
  withdraw(): void {
    this.#begun--;
  }

  /** The increment returned `n` more than the counter's first value. Returns what is wrong, if anything is. */
  end(increment: Increment, n: number): string | undefined {
    this.#acknowledged++;
    if (n >= this.#begun) return `returned ${n}, but only ${this.#begun} increments had begun`;
    if (n < increment.floor)
      return `returned ${n}, although an increment that had ended before it began had returned ${increment.floor - 1}`;
    if (!this.#seen.mark(n)) return `returned ${n}, which another increment had returned: one of the two is lost`;
    this.#floor = Math.max(this.#floor, n + 1);
    return undefined;
  }

  /**
   * Checks a value that was read, again from the first one; `least` is what had been acknowledged when the read began, for increments may
   * end while it is under way. Returns what is wrong, if anything is.
   */
  settle(n: number, least: number): string | undefined {
    if (n >= least && n <= this.#begun) return undefined;
    const unknown = this.unknown > 0 ? ` and ${this.unknown} had an unknown outcome` : '';
    return `was raised by ${n}, but ${n < least ? least : this.#acknowledged} increments were acknowledged${unknown}`;
  }
}
