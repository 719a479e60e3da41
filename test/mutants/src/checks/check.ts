import type { LayerName, Mutant } from '../mutant.js';

/** What a run came to, on the sources with a mutant in them or as they are. */
export type Verdict =
  | { readonly kind: 'passed' }
  /** `by`: the test, or the seed and the rule that it broke. `error`: what the test said, in one line. */
  | { readonly kind: 'failed'; readonly by: string; readonly error?: string }
  | { readonly kind: 'skipped'; readonly why: string }
  /** Neither: the mutated source does not load, or the layer itself is broken. */
  | { readonly kind: 'broken'; readonly why: string };

/** A run of a program of this folder. */
export interface Job {
  readonly program: 'vitest-run' | 'seeds-run';
  /** Travels as JSON. */
  readonly order: object;
  /** A run that takes longer hangs; one without a bug takes a small part of it. */
  readonly limitMs: number;
}

/** A layer of checks: the run of it that could find a mutant. */
export interface Check {
  readonly layer: LayerName;
  /** Nothing for mutants of what this layer does not run. */
  jobFor(mutant: Mutant): Job | undefined;
}
