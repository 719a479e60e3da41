import { HOME } from '@pagewire/protocol';
import { type Draws, mixedFraction } from './draws.js';
import type { World } from './world.js';
import type { Flight, Place } from './world-events.js';
import type { WorldNode } from './world-node.js';

const placeNumber = (place: Place): number => (place === HOME ? 0 : place);
const linkNumber = (from: Place, to: Place): number => placeNumber(from) * 4096 + placeNumber(to);

/**
 * Which message arrives next: any link may overtake any other, some are slow for a whole run, links stall and nodes pause for a stretch. Time is the
 * number of the step.
 */
export class Network {
  readonly #stalled = new Map<number, number>();
  readonly #paused = new Map<WorldNode, number>();

  constructor(
    readonly world: World,
    readonly seed: number,
    /** How many of the links are slow, from 0 to 1. */
    readonly slowLinks: number,
  ) {}

  /** Nothing that `from` sends to `to` arrives before step `until`. */
  stall(from: Place, to: Place, until: number): void {
    this.#stalled.set(linkNumber(from, to), until);
  }

  /** The node takes nothing and does nothing before step `until`. */
  pause(node: WorldNode, until: number): void {
    this.#paused.set(node, until);
  }

  isPaused(node: WorldNode, step: number): boolean {
    return (this.#paused.get(node) ?? 0) > step;
  }

  /** Everything moves again. */
  heal(): void {
    this.#stalled.clear();
    this.#paused.clear();
  }

  /** What `from` sent and was not read yet is gone but for a part of what came first, on each link by itself. */
  cut(node: WorldNode, salt: number, often: number): void {
    for (const queue of this.world.links.values()) {
      const [first] = queue;
      if (first?.from !== node.id) continue;
      const to = placeNumber(first.to);
      if (mixedFraction(salt, to) < often) queue.length = Math.floor(queue.length * mixedFraction(salt + 1, to));
    }
  }

  /** The oldest message of the link whose turn it is; undefined when nothing moves. */
  next(draws: Draws, step: number): Flight | undefined {
    const flight = draws.pick(this.#movable(step), ({ from, to }) => linkNumber(from, to));
    return flight === undefined || draws.chance(this.#laziness(linkNumber(flight.from, flight.to))) ? undefined : flight;
  }

  #laziness(link: number): number {
    return mixedFraction(this.seed, link) < this.slowLinks ? mixedFraction(this.seed + 1, link) : 0;
  }

  #movable(step: number): Flight[] {
    const movable: Flight[] = [];
    for (const queue of this.world.links.values()) {
      const [first] = queue;
      if (first === undefined || (this.#stalled.get(linkNumber(first.from, first.to)) ?? 0) > step) continue;
      const node = first.to === HOME ? undefined : this.world.nodes.get(first.to);
      if (node === undefined || !this.isPaused(node, step)) movable.push(first);
    }
    return movable;
  }
}
