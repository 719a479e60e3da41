import type { Draws } from '../../src/machines/draws.js';
import type { WorldNode } from '../../src/machines/world-node.js';
import { ModelWorld } from './model-world.js';
import type { Note } from './notation.js';

/** How much of each thing a run may do: a configuration of the model. */
export interface Bounds {
  readonly nodes: number;
  /** Nodes that are there from the start; the others may join. */
  readonly members: number;
  readonly accesses: number;
  readonly evictions: number;
  readonly crashes: number;
  readonly leaves: number;
  readonly trims: number;
  readonly pins: number;
  readonly ticks: number;
}

type Budget = { -readonly [Name in keyof Bounds]: Bounds[Name] };
type Move = () => void;

/** Plays the real machines at random within the bounds of a configuration, until nothing more is possible. */
export function playWithin(bounds: Bounds, draws: Draws, note: Note): void {
  const run = new BoundedRun(bounds, note);
  // Each run has a taste of its own for what else it does while messages are on their way.
  const eagerness = draws.fraction();
  for (;;) {
    const deliveries = run.deliveries();
    const others = run.others();
    const moves = deliveries.length === 0 || (others.length > 0 && draws.chance(eagerness)) ? others : deliveries;
    const move = moves[draws.below(moves.length)];
    if (move === undefined) return;
    move();
  }
}

class BoundedRun {
  readonly #machines: ModelWorld;
  readonly #left: Budget;

  constructor(bounds: Bounds, note: Note) {
    this.#machines = new ModelWorld(bounds.members, note);
    this.#left = { ...bounds };
  }

  deliveries(): Move[] {
    const { world } = this.#machines;
    const deliver = ([from, to]: ReturnType<typeof world.busyLinks>[number]) => {
      world.deliver(from, to);
    };
    return world.busyLinks().map((link) => () => deliver(link));
  }

  others(): Move[] {
    const machines = this.#machines;
    const moves: Move[] = [...machines.dying].map((dead) => () => machines.declareLost(dead));
    for (const node of machines.world.nodes.values()) if (node.alive) this.#movesOf(node, moves);
    if (machines.mayTrim()) this.#offer(moves, 'trims', () => machines.trim());
    if (machines.mayTick()) this.#offer(moves, 'ticks', () => machines.tick());
    if (machines.begun && machines.world.nodes.size < this.#left.nodes) moves.push(() => machines.join());
    return moves;
  }

  #movesOf(node: WorldNode, moves: Move[]): void {
    const machines = this.#machines;
    for (const right of ['readonly', 'exclusive'] as const) {
      if (machines.mayAccess(node, right)) this.#offer(moves, 'accesses', () => machines.access(node, right));
      if (machines.mayPin(node, right)) this.#offer(moves, 'pins', () => machines.pin(node, right));
    }
    if (machines.isPinned(node)) moves.push(() => machines.unpin(node));
    if (machines.mayEvict(node)) this.#offer(moves, 'evictions', () => machines.evict(node));
    this.#offer(moves, 'crashes', () => machines.crash(node));
    for (const cut of [false, true]) {
      if (machines.mayLeave(node)) this.#offer(moves, 'leaves', () => machines.world.leave(node.id, { cut }));
    }
  }

  #offer(moves: Move[], name: keyof Bounds, move: Move): void {
    if (this.#left[name] === 0) return;
    moves.push(() => {
      this.#left[name] -= 1;
      move();
    });
  }
}
