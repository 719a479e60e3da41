/** A rule that a run broke, or a bug that threw. */
export interface Failure {
  /** One line for people, with the number of the invariant (I1 to I8) where it is one. */
  readonly what: string;
  /** Two failures of the same kind are the same bug to the shrinker: the invariant, or the kind of error. */
  readonly kind: string;
}

/** What one seed came to. */
export interface Outcome {
  readonly seed: number;
  /** Steps of the machines, or events of the processes. */
  readonly events: number;
  /** What happened how often: reads, writes, crashes, … */
  readonly counts: Readonly<Record<string, number>>;
  readonly failure: Failure | undefined;
  /** What happened, line by line; empty unless asked for. The same seed gives the same lines. */
  readonly trace: readonly string[];
}

export interface PlayOptions {
  /** Parts of the seed's plan that are left out; what is left draws the same random numbers as before. */
  readonly without?: ReadonlySet<number>;
  readonly trace?: boolean;
}

/** A world that plays seeds: pure machines, or whole processes. */
export interface Layer {
  readonly name: string;
  /** How many parts the plan of this seed has: what the shrinker may leave out, numbered from 0. */
  parts(seed: number): number;
  play(seed: number, options?: PlayOptions): Promise<Outcome>;
}
