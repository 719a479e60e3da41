import type { PlannedFault } from '../faults.js';
import { clear, type Slow } from '../network/proxy-calls.js';
import { type Battlefield, type Injection, type Nemesis, Span } from './nemesis.js';

/** Latency and jitter: every piece of bytes to and from a member is late. */
export const delay: Nemesis = (fault, field) => slow(fault, field, { ...clear, delayMs: fault.amount, jitterMs: fault.amount });

/** A line that is much too thin: bytes trickle, and messages come apart. */
export const drip: Nemesis = (fault, field) => slow(fault, field, { ...clear, rate: fault.amount });

async function slow(fault: PlannedFault, field: Battlefield, how: Slow): Promise<Injection> {
  const { network } = field;
  const { target } = fault;
  if (field.cluster.pidOf(target) === undefined) throw new Error(`${target} does not run`);
  const span = new Span(fault, field);
  const { lateBytes } = await network.effects();
  await network.slow(target, how);
  let late = 0;
  return {
    end: async () => {
      await network.slow(target, clear);
      late = (await network.effects()).lateBytes - lateBytes;
      span.over();
    },
    effect: () => (late > 0 ? `${late} bytes were late` : undefined),
  };
}
