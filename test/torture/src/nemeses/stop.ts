import type { PlannedFault } from '../faults.js';
import { type Battlefield, type Injection, type Nemesis, Span } from './nemesis.js';

/** A process that is stopped keeps its sockets and its memory and does nothing; `pause` is for less than its lease. */
export const pause: Nemesis = async (fault, field) => {
  const { span, end } = freeze(fault, field);
  return { end, effect: () => span.disturbance };
};

/** For longer than the lease: others go on without it, and it must find out when it continues. The kernel ends a mapped program before. */
export const stop: Nemesis = async (fault, field) => {
  const { span, end } = freeze(fault, field);
  const { target } = fault;
  return { end, effect: () => (field.lives.hasBegunSince(target, span.fromMs) ? `${target} was fenced and came back` : undefined) };
};

function freeze(fault: PlannedFault, field: Battlefield): { readonly span: Span; readonly end: Injection['end'] } {
  const { cluster } = field;
  const { target } = fault;
  if (cluster.pidOf(target) === undefined) throw new Error(`${target} does not run`);
  const span = new Span(fault, field);
  cluster.hold(target);
  cluster.signal(target, 'SIGSTOP');
  const end = async (): Promise<void> => {
    cluster.signal(target, 'SIGCONT');
    cluster.letGo(target);
    span.over();
  };
  return { span, end };
}
