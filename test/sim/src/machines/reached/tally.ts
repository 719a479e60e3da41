/** How often each input came in each state. */
export class Tally {
  readonly #counts = new Map<string, number>();

  count(input: string, state: string): void {
    const pair = pairName(input, state);
    this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + 1);
  }

  of(input: string, state: string): number {
    return this.#counts.get(pairName(input, state)) ?? 0;
  }

  /** Every pair that came, as `input × state`. */
  pairs(): readonly string[] {
    return [...this.#counts.keys()];
  }
}

export const pairName = (input: string, state: string): string => `${input} × ${state}`;
