import { type Outcome, outcomeKey, type Program } from '../program.js';
import type { IterationPlan, LitmusTarget, Observation } from '../target.js';
import { MachineRun } from './machine-run.js';
import { ProcessSimulation } from './process-simulation.js';

/** Iterations at a time: most on the machines alone, where each takes a fraction of a millisecond; the others on simulated processes. */
const onMachines = 160;
const onProcesses = 40;

/**
 * The real agent and home machines in this process, with every interleaving of messages, operations, evictions and deaths drawn at random; and
 * whole simulated processes around them.
 */
export class SimulationTarget implements LitmusTarget {
  readonly name = 'simulation';
  readonly crashShare = 1;
  readonly standingNodes: number;
  readonly #processes: ProcessSimulation;

  constructor(standingNodes: number) {
    this.standingNodes = standingNodes;
    this.#processes = new ProcessSimulation(standingNodes);
  }

  batchSize(): number {
    return onMachines + onProcesses;
  }

  async run(program: Program, plans: readonly IterationPlan[]): Promise<readonly Observation[]> {
    const [machines, processes] = [plans.slice(0, onMachines), plans.slice(onMachines)];
    const observations = machines.map((plan) => ({ outcome: new MachineRun(program, plan, this.standingNodes).play() }));
    // Ctrl-C and progress have their turn.
    await new Promise((resolve) => setImmediate(resolve));
    return processes.length === 0 ? observations : [...observations, ...(await this.#processes.run(program, processes))];
  }

  /** What happened in an iteration on the machines alone. */
  explain(program: Program, plan: IterationPlan, outcome: Outcome): readonly string[] {
    const run = new MachineRun(program, plan, this.standingNodes, { log: true });
    if (outcomeKey(run.play()) === outcomeKey(outcome)) return run.log;
    return ['it came of simulated processes; the same --seed and --iterations play it again'];
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
