/** How many findings of one run are described; the rest are counted. */
const maxDescribed = 40;

/** What must not be: each of them fails the run. */
export class Findings {
  readonly #described: string[] = [];
  readonly #report: (text: string) => void;
  #count = 0;

  /** `report` is told of each at once. */
  constructor(report: (text: string) => void) {
    this.#report = report;
  }

  get count(): number {
    return this.#count;
  }

  get described(): readonly string[] {
    return this.#described;
  }

  add(text: string): void {
    this.#count += 1;
    if (this.#count > maxDescribed) return;
    this.#described.push(text);
    this.#report(text);
  }

  /** Counts what `problem` says, if it says anything. */
  check(problem: string | undefined): void {
    if (problem !== undefined) this.add(problem);
  }
}
