export type { Ending, Turn } from './interleaving.js';
export { Judge, type Judgement, type OutcomeCount, type Verdict } from './judge.js';
export { type Layout, type LayoutName, layoutsOf } from './layout.js';
export type { LitmusTest, Operation, Thread } from './litmus-test.js';
export { Oracle } from './oracle.js';
export { type Outcome, outcomeKey, type Program, programOf, type Value } from './program.js';
export { type RunOptions, runProgram } from './run-program.js';
export type { IterationPlan, LitmusTarget, Observation, WarmUp } from './target.js';
export { parseTests, TestFileError } from './test-file.js';
