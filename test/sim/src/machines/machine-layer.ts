import type { Failure, Layer, Outcome, PlayOptions } from '../layer.js';
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

/** The layer that plays seeds and turns what a run throws into its failure. */
export function machineLayer(layer: MachineLayer): Layer {
  const { name, parts } = layer;
  return { name, parts, play: async (seed, options = {}) => playRun(layer, seed, options) };
}

function playRun({ start }: MachineLayer, seed: number, options: PlayOptions): Outcome {
  let run: MachineRun | undefined;
  let failure: Failure | undefined;
  try {
    run = start(seed, options);
    run.run();
  } catch (thrown) {
    failure = failureOf(thrown);
  }
  return { seed, events: run?.events ?? 0, counts: run?.counts ?? {}, failure, trace: run?.trace ?? [] };
}
