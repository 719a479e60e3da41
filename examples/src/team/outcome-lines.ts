import type { Outcome } from '../outcome.js';

/** Stands before each line of an outcome, to tell it from whatever else a member may print. */
const mark = 'outcome ';

/** An outcome as lines that are short enough to pass through `pagewire run` whole, each with its end. */
export function outcomeLines(outcome: Outcome): string {
  return `${JSON.stringify(outcome, null, 1).replace(/^/gm, mark)}\n`;
}

/** Finds an outcome in what a run has printed, and gives the lines that are none. */
export class OutcomeReader {
  readonly #lines: string[] = [];
  readonly #onOther: (line: string) => void;

  constructor(onOther: (line: string) => void) {
    this.#onOther = onOther;
  }

  /** @param line as `pagewire run` prints it, behind a rank that may be in colour. */
  read(line: string): void {
    const at = line.indexOf(` ${mark}`);
    // Before the space is the prefix alone, so that text that speaks of outcomes is not taken for one.
    if (at === -1 || line.slice(0, at).includes(' ')) this.#onOther(line);
    else this.#lines.push(line.slice(at + mark.length + 1));
  }

  /** Undefined when there was none. */
  get outcome(): Outcome | undefined {
    // Written by `outcomeLines`, from an outcome.
    return this.#lines.length === 0 ? undefined : (JSON.parse(this.#lines.join('\n')) as Outcome);
  }
}
