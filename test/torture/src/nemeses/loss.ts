import { type Nemesis, Span } from './nemesis.js';

/** A bad cable: a share of the packets to and from a member is lost, and TCP has to send them again. */
export const loss: Nemesis = async (fault, field) => {
  const { network } = field;
  const { target, amount } = fault;
  if (field.cluster.pidOf(target) === undefined) throw new Error(`${target} does not run`);
  const span = new Span(fault, field);
  const { dropped } = await network.effects();
  await network.setLoss(target, amount);
  let vanished = 0;
  return {
    end: async () => {
      vanished = (await network.effects()).dropped - dropped;
      await network.setLoss(target, 0);
      span.over();
    },
    effect: () => (vanished > 0 ? `${vanished} packets were lost` : undefined),
  };
};
