/** How many failures a report describes; the rest are counted. */
export const maxFailuresKept = 10;

/** Collects what a run verified. A check that fails never stops the run: the report says what was wrong, and how often. */
export class Verdict {
  #checks = 0;
  #wrong = 0;
  readonly #failures: string[] = [];

  get checks(): number {
    return this.#checks;
  }
  get wrong(): number {
    return this.#wrong;
  }
  /** The first {@link maxFailuresKept} failures, in the order in which they were found. */
  get failures(): readonly string[] {
    return this.#failures;
  }
  /** A run that could check nothing has shown nothing, so it is not ok. */
  get ok(): boolean {
    return this.#wrong === 0 && this.#checks > 0;
  }

  passed(): void {
    this.#checks++;
  }

  failed(message: string): void {
    this.#checks++;
    this.#wrong++;
    if (this.#failures.length < maxFailuresKept) this.#failures.push(message);
  }

  /** Counts one check; `problem` is undefined when it passed. Returns whether it did. */
  check(problem: string | undefined): boolean {
    if (problem === undefined) this.passed();
    else this.failed(problem);
    return problem === undefined;
  }
}
