import { HOME } from '@pagewire/protocol';
import type { Place } from '../../src/machines/world-events.js';
import type { Schedule, ScheduledStep } from './model-files.js';
import { ModelWorld } from './model-world.js';

/** What the real machines did otherwise than the model. */
export interface Divergence {
  readonly step: string;
  readonly model: readonly string[];
  readonly machines: readonly string[];
}

/** Plays a run of the model on the real machines, step by step, up to the first step in which they differ. */
export function follow({ members, steps }: Schedule): Divergence | undefined {
  let noted: string[] = [];
  const machines = new ModelWorld(members, (transition) => noted.push(transition));
  for (const [index, step] of steps.entries()) {
    noted = [];
    const possible = take(machines, step);
    const same = possible && noted.join('\n') === step.transitions.join('\n');
    if (!same) {
      const where = `${index + 1}: ${step.move}${step.first}${step.second}`;
      return { step: where, model: step.transitions, machines: possible ? noted : ['there is no such message'] };
    }
  }
  return undefined;
}

/** False when the message that is to be delivered is not there. */
function take(machines: ModelWorld, { move, first, second }: ScheduledStep): boolean {
  const { world } = machines;
  const deliver = (from: Place, to: Place): boolean => world.deliver(from, to) !== undefined;
  if (move === 'j') {
    machines.join();
    return true;
  }
  const node = machines.node(first);
  switch (move) {
    case 'h':
      return deliver(HOME, node.id);
    case 'a':
      return deliver(node.id, HOME);
    case 'b':
      return deliver(node.id, machines.node(second).id);
    case 'r':
    case 'w':
      machines.access(node, move === 'r' ? 'readonly' : 'exclusive');
      return true;
    case 'e':
      machines.evict(node);
      return true;
    case 'p':
    case 'x':
      machines.pin(node, move === 'p' ? 'readonly' : 'exclusive');
      return true;
    case 'u':
      machines.unpin(node);
      return true;
    case 'c':
      machines.crash(node);
      return true;
    case 'd':
      machines.declareLost(node.id);
      return true;
    case 'l':
    case 'L':
      world.leave(node.id, { cut: move === 'L' });
      return true;
    case 't':
      machines.trim();
      return true;
    case 'k':
      machines.tick();
      return true;
    default:
      throw new Error(`a schedule has the unknown step ${move}`);
  }
}
