import { type Nemesis, Span } from './nemesis.js';

/** A power cut: SIGKILL, and the same member again after a while. A mapped program is started again by its team. */
export const kill: Nemesis = async (fault, field) => {
  const { cluster } = field;
  const { target } = fault;
  if (cluster.pidOf(target) === undefined) throw new Error(`${target} does not run`);
  const span = new Span(fault, field);
  cluster.hold(target);
  await cluster.end(target, 'SIGKILL');
  return {
    end: async () => {
      cluster.letGo(target);
      if (cluster.roleOf(target) === 'node') await cluster.startAgain(target);
    },
    effect: () => (field.lives.hasBegunSince(target, span.fromMs) ? `${target} came back as a new life` : undefined),
  };
};
