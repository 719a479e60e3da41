import { type Nemesis, Span } from './nemesis.js';

/** A network interface that is down: also clients cannot reach the member. */
export const linkDown: Nemesis = async (fault, field) => {
  const { network, cluster } = field;
  const { target } = fault;
  if (field.cluster.pidOf(target) === undefined) throw new Error(`${target} does not run`);
  const span = new Span(fault, field);
  const { cutConnections } = await network.effects();
  cluster.hold(target);
  await network.setLink(target, 'down');
  let cut = 0;
  return {
    end: async () => {
      await network.setLink(target, 'up');
      cut = (await network.effects()).cutConnections - cutConnections;
      cluster.letGo(target);
      span.over();
    },
    effect: () => (cut > 0 ? `${cut} connections were cut` : span.disturbance),
  };
};
