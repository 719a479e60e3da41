import { everyone } from '../schedule.js';
import { type Nemesis, Span } from './nemesis.js';

/** A cable that is cut, one way or both: between a member and one other, or all others. Nobody is told; bytes just do not arrive. */
export const partition: Nemesis = async (fault, field) => {
  const { network, cluster } = field;
  const { target, other, lost } = fault;
  if (field.cluster.pidOf(target) === undefined) throw new Error(`${target} does not run`);
  const span = new Span(fault, field);
  const { dropped } = await network.effects();
  const others = other === everyone ? cluster.members.filter((member) => member !== target) : [other];
  const directions = others.flatMap((peer): readonly (readonly [from: string, to: string])[] => [
    ...(lost === 'in' ? [] : [[target, peer] as const]),
    ...(lost === 'out' ? [] : [[peer, target] as const]),
  ]);
  cluster.hold(target);
  for (const [from, to] of directions) await network.drop(from, to);
  let vanished = 0;
  return {
    end: async () => {
      vanished = (await network.effects()).dropped - dropped;
      for (const [from, to] of directions) await network.restore(from, to);
      cluster.letGo(target);
      span.over();
    },
    effect: () => (vanished > 0 ? `${vanished} ${network.kind === 'proxy' ? 'bytes' : 'packets'} vanished` : undefined),
  };
};
