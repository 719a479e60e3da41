import { Draws, MIX_PART, type Weights, weightsOf } from '../draws.js';

/** What one step of a run may do. */
export type Action =
  | 'deliver'
  | 'wait'
  | 'expire'
  | 'store-and-notify'
  | 'store-and-tell'
  | 'store-and-shout'
  | 'store-and-die'
  | 'wait-and-tell'
  | 'signal'
  | 'lock'
  | 'take'
  | 'arrive'
  | 'cancel'
  | 'give-back'
  | 'crash'
  | 'crash-in-step'
  | 'isolate'
  | 'pause'
  | 'declare-lost'
  | 'leave'
  | 'join'
  | 'rejoin';

/** How a seed plays; each draws its own. */
export interface Mix {
  readonly steps: number;
  readonly nodes: number;
  readonly weights: Weights<Action>;
  /** How many of the links are slow for the whole run. */
  readonly slowLinks: number;
  /** How many of the links of a dead node lose what was on its way. */
  readonly cuts: number;
  /** Few stores and signals, so that a wake-up that was lost is not made up for by a later one. */
  readonly notifies: number;
  /** The region is deleted when everything else is done, while some still wait on it. */
  readonly deletedAtEnd: boolean;
}

export function drawMix(seed: number): Mix {
  const draws = new Draws(seed, MIX_PART);
  const often = (most: number): number => (draws.chance(0.25) ? 0 : draws.fraction() * most);
  return {
    steps: draws.between(100, 400),
    nodes: draws.between(2, 4),
    weights: weightsOf<Action>({
      deliver: 6 + draws.fraction() * 20,
      wait: 1 + draws.fraction() * 3,
      expire: often(3),
      'store-and-notify': often(3),
      'store-and-tell': often(3),
      'store-and-shout': often(3),
      'store-and-die': often(3),
      'wait-and-tell': often(3),
      signal: often(3),
      lock: often(3),
      take: often(3),
      arrive: often(3),
      cancel: often(3),
      'give-back': often(3),
      crash: often(0.25),
      'crash-in-step': often(0.15),
      isolate: often(0.15),
      pause: often(0.25),
      'declare-lost': often(3),
      leave: often(0.25),
      join: often(0.25),
      rejoin: often(0.25),
    }),
    slowLinks: draws.fraction() * 0.6,
    cuts: draws.fraction(),
    notifies: draws.between(1, 5),
    deletedAtEnd: draws.chance(0.2),
  };
}
