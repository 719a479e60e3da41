import { type HomeOptions, limits } from '@pagewire/protocol';
import { Draws, MIX_PART, type Weights, weightsOf } from '../draws.js';

/** What one step of a run may do. */
export type Action =
  | 'deliver'
  | 'read'
  | 'write'
  | 'update'
  | 'scan'
  | 'fill'
  | 'prefetch'
  | 'pin'
  | 'unpin'
  | 'evict'
  | 'trim'
  | 'tick'
  | 'pause'
  | 'stall'
  | 'leave'
  | 'crash'
  | 'crash-in-step'
  | 'isolate'
  | 'declare-lost'
  | 'join'
  | 'rejoin'
  | 'create-region'
  | 'delete-region';

/** How a seed plays: each draws its own, so that no two drown the same things in the same noise (Groce et al., "Swarm testing", 2012). */
export interface Mix {
  readonly steps: number;
  readonly nodes: number;
  /** Pages of the first region. */
  readonly pages: number;
  readonly weights: Weights<Action>;
  /** How many of the links are slow for the whole run. */
  readonly slowLinks: number;
  /** How many of the accesses have a deadline that may pass. */
  readonly impatience: number;
  /** How many of the crashes lose part of what the node had sent. */
  readonly cuts: number;
  readonly home: Required<HomeOptions>;
  /** The first region is deleted when everything else is done. */
  readonly deletedAtEnd: boolean;
}

export function drawMix(seed: number): Mix {
  const draws = new Draws(seed, MIX_PART);
  const steps = draws.between(100, 600);
  // Some seeds never do a thing, and some do little else.
  const often = (most: number): number => (draws.chance(0.25) ? 0 : draws.fraction() * most * (draws.chance(0.15) ? 4 : 1));
  const seldom = (most: number): number => (draws.chance(0.6) ? 0 : draws.fraction() * most);
  // In some runs nodes come and go so fast that deaths meet deaths.
  const pace = draws.chance(0.25) ? 5 : 1;
  const weights: Record<Action, number> = {
    // From a crowded network to one where hardly anything is ever under way.
    deliver: 5 * 2 ** draws.between(0, 3),
    read: 1 + often(4),
    write: 0.2 + often(4),
    update: often(3),
    scan: often(2),
    fill: often(2),
    prefetch: often(2),
    pin: often(2),
    unpin: 0.3 + often(2),
    evict: often(2),
    trim: often(4),
    tick: often(1),
    pause: often(0.2),
    stall: often(0.4),
    leave: often(0.3 * pace),
    crash: often(0.3 * pace),
    'crash-in-step': often(0.3 * pace),
    isolate: often(0.3 * pace),
    'declare-lost': 0.05 + often(pace),
    join: often(0.3 * pace),
    rejoin: often(0.4 * pace),
    'create-region': seldom(1),
    'delete-region': seldom(0.4),
  };
  return {
    steps,
    nodes: draws.between(2, 4),
    pages: draws.between(1, 3),
    weights: weightsOf(weights),
    slowLinks: draws.fraction() * 0.6,
    impatience: draws.chance(0.6) ? 0 : draws.fraction(),
    cuts: draws.fraction(),
    home: {
      queueTimeoutMs: draws.chance(0.7) ? limits.queueTimeoutMs : draws.between(10, 2000),
      maxQueuedPerPage: draws.chance(0.85) ? limits.maxQueuedPerPage : draws.between(1, 3),
    },
    deletedAtEnd: draws.chance(0.2),
  };
}
