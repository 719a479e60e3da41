/** A set of pages that is taken as runs of neighbours. */
export class PageRuns {
  readonly #pages = new Set<number>();

  add(index: number): void {
    this.#pages.add(index);
  }

  delete(index: number): void {
    this.#pages.delete(index);
  }

  /** Empties the set. */
  take(): { readonly first: number; readonly count: number }[] {
    const runs: { first: number; count: number }[] = [];
    for (const index of Array.from(this.#pages).sort((a, b) => a - b)) {
      const last = runs.at(-1);
      if (last !== undefined && last.first + last.count === index) last.count += 1;
      else runs.push({ first: index, count: 1 });
    }
    this.#pages.clear();
    return runs;
  }
}
