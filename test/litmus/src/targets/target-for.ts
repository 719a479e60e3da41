import { chooseMemory } from '@pagewire/node';
import type { TargetName } from '../command-line.js';
import type { Program } from '../program.js';
import type { LitmusTarget } from '../target.js';
import { ProcessesTarget } from './processes.js';
import { SimulationTarget } from './simulation.js';

/** Makes what the programs are to be run on, or says why this machine cannot. */
export function targetFor(name: TargetName, programs: readonly Program[]): LitmusTarget | { readonly skipped: string } {
  // One more than any test needs, which only looks on.
  const standingNodes = 1 + Math.max(...programs.map(({ threads }) => threads.length));
  if (name === 'simulation') return new SimulationTarget(standingNodes);
  if (name === 'processes') return new ProcessesTarget({ memory: 'software', standingNodes });
  const { kind, reason } = chooseMemory('auto');
  if (kind !== 'mapped') return { skipped: `mapped memory does not work here: ${reason}` };
  return new ProcessesTarget({ memory: 'mapped', standingNodes });
}
