import type { Layer, Outcome, PlayOptions } from '../layer.js';
import { failureOf } from './rule-broken.js';

/** One run of machines in this process, to its end. */
export interface MachineRun {
  /** Throws what it finds. */
  run(): void;
  /** Steps of machines so far. */
  readonly events: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly trace: readonly string[];
}

export interface MachineLayer {
  readonly name: string;
  parts(seed: number): number;
  start(seed: number, options: PlayOptions): MachineRun;
}

/** The layer that plays seeds of `runs` and turns what they throw into failures. */
export function machineLayer({ name, parts, start }: MachineLayer): Layer {
  return { name, parts, play: async (seed, options = {}) => playRun(seed, start(seed, options)) };
}

function playRun(seed: number, run: MachineRun): Outcome {
  const said = (failure: Outcome['failure']): Outcome => ({ seed, events: run.events, counts: run.counts, failure, trace: run.trace });
  try {
    run.run();
    return said(undefined);
  } catch (thrown) {
    return said(failureOf(thrown));
  }
}
