import type { Outcome, Program } from './program.js';

/** What a node does with a page before an iteration begins, so that the page starts in some state. */
export interface WarmUp {
  readonly node: number;
  readonly page: number;
  readonly right: 'readonly' | 'exclusive';
}

/** A node that is not asked what it saw reads a location in the middle of an iteration. */
export interface Glance {
  readonly node: number;
  /** Index into `Program.locations`. */
  readonly location: number;
  /** When it begins, as in `IterationPlan.startsAt`. */
  readonly at: number;
}

/** How one iteration is to be played. */
export interface IterationPlan {
  /** For what else a target draws. */
  readonly seed: number;
  /**
   * The node of each thread, no two the same. Nodes below `LitmusTarget.standingNodes` live on; the others, one for each thread that
   * crashes, are killed and exist for this iteration alone.
   */
  readonly nodes: readonly number[];
  readonly warmUps: readonly WarmUp[];
  readonly glances: readonly Glance[];
  /**
   * When each operation of each thread may begin, and at last the end of its node if the thread crashes, measured from the start of the
   * iteration in accesses: the time that a page takes to come from elsewhere. What comes before must be done as well.
   */
  readonly startsAt: readonly (readonly number[])[];
}

/** What came of an iteration. It is spoiled when what happened is no outcome of the program: a node was fenced, say. */
export type Observation = { readonly outcome: Outcome } | { readonly spoiled: string };

/** A memory that litmus tests are run on. */
export interface LitmusTarget extends AsyncDisposable {
  readonly name: string;
  /** Nodes that are not killed by any test; at least one more than the threads of the largest test. */
  readonly standingNodes: number;
  /** Tests in which nodes are killed are run for this share of the iterations that were asked for: deaths take long. */
  readonly crashShare: number;
  /** How many plans `run` likes to have at a time. */
  batchSize(program: Program): number;
  /** Plays the plans, each with locations of its own that start at 0, and answers in their order. */
  run(program: Program, plans: readonly IterationPlan[]): Promise<readonly Observation[]>;
  /** Where an iteration can be played again as it was: all that happened in it, line by line. */
  explain?(program: Program, plan: IterationPlan, outcome: Outcome): readonly string[];
}
