import { randomStream } from '@pagewire/sim';
import { Judge, type Judgement } from './judge.js';
import type { Oracle } from './oracle.js';
import { Planner } from './planner.js';
import { type Outcome, outcomeKey } from './program.js';
import type { IterationPlan, LitmusTarget } from './target.js';

export interface RunOptions {
  readonly iterations: number;
  readonly seed: number;
  /** Ends the run after the batch that is under way. */
  readonly stop?: AbortSignal;
  /** Called after each batch with how many iterations are done, and how many are to be. */
  readonly onProgress?: (done: number, of: number, judge: Judge) => void;
  /** Called for the first iteration that ended in an outcome that is not allowed. */
  readonly onWrong?: (plan: IterationPlan, outcome: Outcome) => void;
}

/** Runs one program for so many iterations, and judges what was seen. */
export async function runProgram(
  target: LitmusTarget,
  oracle: Oracle,
  { iterations: asked, seed, stop, onProgress, onWrong }: RunOptions,
): Promise<Judgement> {
  const { program } = oracle;
  const crashes = program.threads.some((thread) => thread.crashes);
  const iterations = crashes ? Math.ceil(asked * target.crashShare) : asked;
  const random = randomStream(seed, `${program.test.name} ${program.layout.name}`);
  const planner = new Planner(oracle, target.standingNodes, random);
  const judge = new Judge(oracle);
  let wrong = 0;
  while (judge.iterations < iterations && !judge.isSpoiled(iterations) && stop?.aborted !== true) {
    const count = Math.min(target.batchSize(program), iterations - judge.iterations);
    const plans = Array.from({ length: count }, () => planner.next());
    const observations = await target.run(program, plans);
    for (const [index, observation] of observations.entries()) {
      const kind = judge.note(observation);
      if ('spoiled' in observation) continue;
      const plan = plans[index];
      if (plan !== undefined) planner.note(plan, outcomeKey(observation.outcome));
      if ((kind === 'forbidden' || kind === 'not-allowed') && wrong++ === 0 && plan !== undefined) onWrong?.(plan, observation.outcome);
    }
    onProgress?.(judge.iterations, iterations, judge);
  }
  return judge.judgement(iterations);
}
