import { type Ending, endingOf, firstState, type State, successors } from './interleaving.js';
import { isLossless, type Outcome, outcomeKey, type Program, type Value } from './program.js';

/** States that one search through the interleavings may visit. */
export const maxStates = 200_000;

/** A test that has too many states to be judged. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/**
 * What sequential consistency allows, by going through all interleavings; states that were met before are not gone through again.
 *
 * A node that is killed leaves what some prefix of its operations made: whatever came after it and nobody has seen may be gone, and an
 * interleaving in which the thread died earlier is one in which nobody has seen it. The pages that the killed node may have held
 * exclusively (all that its thread stores to) may be lost, each or not. The first access of a thread to a lost page fails and is its last: its
 * register and all later ones are `lost`, as is the final value of a lost location.
 */
export class Oracle {
  readonly program: Program;
  /** Every outcome, also with lost pages; undefined where a program has too many to go through. */
  readonly endings: readonly Ending[] | undefined;
  /** Those without the loss of a page. */
  readonly outcomes: readonly Ending[] | undefined;
  readonly #allowed: ReadonlyMap<string, Ending> | undefined;
  readonly #asked = new Map<string, boolean>();

  constructor(program: Program) {
    this.program = program;
    this.#allowed = enumerate(program);
    this.endings = this.#allowed === undefined ? undefined : [...this.#allowed.values()];
    this.outcomes = this.endings?.filter(({ outcome }) => isLossless(outcome));
  }

  /** Whether some interleaving ends in this outcome. Throws {@link TooLargeError}. */
  allows(outcome: Outcome): boolean {
    const key = outcomeKey(outcome);
    if (this.#allowed !== undefined) return this.#allowed.has(key);
    let answer = this.#asked.get(key);
    if (answer === undefined) {
      answer = isReachable(this.program, outcome);
      this.#asked.set(key, answer);
    }
    return answer;
  }

  /** Whether some interleaving ends in the outcome that the test forbids. Throws {@link TooLargeError}. */
  allowsForbidden(): boolean {
    const { columns, test } = this.program;
    // What dies with a node is seen by nobody: such an outcome is never seen.
    if ([...test.forbidden.keys()].some((name) => !columns.includes(name))) return false;
    return isReachable(
      this.program,
      columns.map((column) => test.forbidden.get(column)),
    );
  }
}

function enumerate(program: Program): Map<string, Ending> | undefined {
  const allowed = new Map<string, Ending>();
  const isWhole = search(
    program,
    ({ done, ended, memory, registers, lostPages }) => `${done}|${ended.map(Number)}|${memory}|${registers}|${lostPages}`,
    (state) => {
      const ending = endingOf(program, state);
      const key = outcomeKey(ending.outcome);
      if (!allowed.has(key)) allowed.set(key, ending);
      return false;
    },
  );
  return isWhole === 'too-large' ? undefined : allowed;
}

/** Whether some interleaving ends with these values; undefined ones do not matter. What differs from them on the way is not followed. */
function isReachable(program: Program, wanted: readonly (Value | undefined)[]): boolean {
  const differs = (value: Value, index: number): boolean => wanted[index] !== undefined && wanted[index] !== value;
  const found = search(
    program,
    // Registers that were filled have the wanted values, or do not matter.
    ({ done, ended, memory, lostPages }) => `${done}|${ended.map(Number)}|${memory}|${lostPages}`,
    (state) => !endingOf(program, state).outcome.some(differs),
    ({ registers }) => registers.some((value, index) => value !== 'lost' && differs(value, index)),
  );
  if (found === 'too-large') {
    throw new TooLargeError(`test "${program.test.name}": it has more than ${maxStates} states; use fewer threads or operations`);
  }
  return found === 'found';
}

/** Goes through all states, each once by its key, until `isWanted` says so of one in which every thread has come to its end. */
function search(
  program: Program,
  keyOf: (state: State) => string,
  isWanted: (ending: State) => boolean,
  isHopeless: (state: State) => boolean = () => false,
): 'found' | 'none' | 'too-large' {
  const seen = new Set<string>();
  const pending = [firstState(program)];
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    const next = successors(program, state);
    if (next.length === 0 && isWanted(state)) return 'found';
    for (const successor of next) {
      const key = keyOf(successor);
      if (seen.has(key) || isHopeless(successor)) continue;
      if (seen.size >= maxStates) return 'too-large';
      seen.add(key);
      pending.push(successor);
    }
  }
  return 'none';
}
