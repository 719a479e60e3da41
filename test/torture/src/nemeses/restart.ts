import { type Nemesis, Span } from './nemesis.js';

/** A restart in good order: SIGTERM, on which a node hands its pages over, and the same node again after a while. */
export const restart: Nemesis = async (fault, field) => {
  const { cluster, lives } = field;
  const { target } = fault;
  if (cluster.pidOf(target) === undefined) throw new Error(`${target} does not run`);
  const span = new Span(fault, field);
  const end = await cluster.end(target, 'SIGTERM');
  return {
    end: () => cluster.startAgain(target),
    effect: () => (lives.hasBegunSince(target, span.fromMs) ? `${target} ended with ${end} and came back` : undefined),
  };
};
