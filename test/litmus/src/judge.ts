import type { Oracle } from './oracle.js';
import { isForbidden, isLossless, type Outcome, outcomeKey, type Program } from './program.js';
import type { Observation } from './target.js';

/** A run that has raced has seen at least this share of the outcomes that sequential consistency allows. */
export const racedShare = 2 / 3;
/** Fewer iterations than this for each allowed outcome do not tell whether a run has raced. */
export const iterationsPerOutcome = 20;
/** Where nodes are killed, so many iterations may be spoiled and are made up for, or as many as were asked for; elsewhere none. */
export const mostSpoiled = 100;

/**
 * `forbidden`: the outcome was seen that the test names. `not-allowed`: another one that no interleaving ends in. `spoiled`: accesses failed that
 * must not, or nodes were fenced too often. `not-raced`: too few of the allowed outcomes were seen for the run to mean much.
 */
export type Verdict = 'ok' | 'forbidden' | 'not-allowed' | 'spoiled' | 'not-raced';

export interface OutcomeCount {
  readonly outcome: Outcome;
  readonly count: number;
  readonly kind: 'allowed' | 'page-lost' | 'forbidden' | 'not-allowed';
}

/** What came of the iterations of one program. */
export interface Judgement {
  readonly program: Program;
  readonly iterations: number;
  /** Outcomes that sequential consistency allows without the loss of a page, undefined if they are too many to count; and how many of them were seen. */
  readonly allowed: number | undefined;
  readonly seen: number;
  /** Most frequent first. */
  readonly outcomes: readonly OutcomeCount[];
  readonly forbidden: number;
  readonly notAllowed: number;
  readonly spoiled: number;
  /** Why the last spoiled iteration was. */
  readonly spoiledBy: string | undefined;
  /** Whether enough of the allowed outcomes were seen; undefined where the iterations are too few to tell, or nodes are killed. */
  readonly raced: boolean | undefined;
  readonly verdict: Verdict;
}

/** Counts outcomes and compares them with what sequential consistency allows. */
export class Judge {
  readonly #counts = new Map<string, { readonly outcome: Outcome; readonly kind: OutcomeCount['kind']; count: number }>();
  readonly #crashes: boolean;
  #iterations = 0;
  #spoiled = 0;
  #spoiledBy: string | undefined;

  constructor(readonly oracle: Oracle) {
    this.#crashes = oracle.program.threads.some(({ crashes }) => crashes);
  }

  /** Iterations that ended in an outcome. */
  get iterations(): number {
    return this.#iterations;
  }

  /** Iterations that ended in the outcome that the test forbids. */
  get forbidden(): number {
    return this.#total('forbidden');
  }

  /** Notes an iteration; answers with the kind of its outcome, or undefined if it was spoiled. */
  note(observation: Observation): OutcomeCount['kind'] | undefined {
    if ('spoiled' in observation) {
      this.#spoiled += 1;
      this.#spoiledBy = observation.spoiled;
      return undefined;
    }
    const { outcome } = observation;
    this.#iterations += 1;
    const key = outcomeKey(outcome);
    const found = this.#counts.get(key) ?? { outcome, kind: this.#kind(outcome), count: 0 };
    this.#counts.set(key, found);
    found.count += 1;
    return found.kind;
  }

  /** So many iterations were spoiled that it makes no sense to go on. */
  isSpoiled(wanted: number): boolean {
    return this.#spoiled > (this.#crashes ? Math.max(mostSpoiled, wanted) : 0);
  }

  judgement(wanted: number): Judgement {
    const outcomes = [...this.#counts.values()].map((each): OutcomeCount => ({ ...each })).toSorted((a, b) => b.count - a.count);
    const { program, outcomes: known } = this.oracle;
    const allowed = known?.length;
    const seen = outcomes.filter(({ kind }) => kind === 'allowed').length;
    const tellsRaced = allowed !== undefined && !this.#crashes && this.#iterations >= iterationsPerOutcome * allowed;
    const raced = tellsRaced ? seen >= racedShare * allowed : undefined;
    const { forbidden } = this;
    const notAllowed = this.#total('not-allowed');
    let verdict: Verdict = raced === false ? 'not-raced' : 'ok';
    if (this.isSpoiled(wanted)) verdict = 'spoiled';
    if (notAllowed > 0) verdict = 'not-allowed';
    if (forbidden > 0) verdict = 'forbidden';
    const counts = { iterations: this.#iterations, allowed, seen, forbidden, notAllowed, spoiled: this.#spoiled };
    return { program, ...counts, outcomes, spoiledBy: this.#spoiledBy, raced, verdict };
  }

  #total(wanted: OutcomeCount['kind']): number {
    return [...this.#counts.values()].reduce((sum, { kind, count }) => sum + (kind === wanted ? count : 0), 0);
  }

  #kind(outcome: Outcome): OutcomeCount['kind'] {
    if (isForbidden(this.oracle.program, outcome)) return 'forbidden';
    if (!this.oracle.allows(outcome)) return 'not-allowed';
    return isLossless(outcome) ? 'allowed' : 'page-lost';
  }
}
