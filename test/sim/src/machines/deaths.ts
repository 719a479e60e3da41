import { HOME, type Incarnation } from '@pagewire/protocol';
import type { Draws } from './draws.js';
import type { Network } from './network.js';
import type { Story } from './story.js';
import type { World } from './world.js';
import type { WorldNode } from './world-node.js';

/** What else must happen when a life ends. */
export interface Mourners {
  /** The node is dead, and what it asked for with it. */
  crashed(node: WorldNode): void;
  /** Its lease is about to end. */
  beforeLost(dead: Incarnation): void;
}

/** Something that a step has set for a later one. */
interface Appointment {
  readonly at: number;
  keep(): void;
}

/** How lives end unasked, and how programs come back: at once, between two effects of one step, or unheard by the home until the lease ends. */
export class Deaths {
  /** Dead, and their leases have not ended. */
  readonly #dying: Incarnation[] = [];
  /** Dead, whose program may start again as another incarnation. */
  readonly #fallen = new Set<Incarnation>();
  /** What of its last words arrives, for a node that is to die in the middle of a step. */
  readonly #salts = new Map<WorldNode, number>();
  #appointments: Appointment[] = [];
  readonly counts = { crashes: 0, crashesInStep: 0, isolations: 0, rejoins: 0 };

  constructor(
    readonly world: World,
    readonly network: Network,
    readonly story: Story,
    /** How many of the links of a dead node lose what was on its way, from 0 to 1. */
    readonly cuts: number,
    readonly mourners: Mourners,
  ) {}

  /** The node stops at once. `salt` decides what of its last words arrives. */
  crash(node: WorldNode, salt: number): void {
    this.counts.crashes += 1;
    this.world.crash(node.id);
    this.network.cut(node, salt, this.cuts);
    this.#dying.push(node.id);
    this.#fallen.add(node.id);
    this.mourners.crashed(node);
  }

  /** The node is to die a few effects on. */
  crashInStep(node: WorldNode, draws: Draws): void {
    node.effectsLeft = draws.below(8);
    this.#salts.set(node, draws.word());
  }

  diedInStep(node: WorldNode): void {
    this.counts.crashesInStep += 1;
    this.crash(node, this.#salts.get(node) ?? 0);
  }

  /** The home hears nothing of the node any more, until its lease ends; others still do. */
  isolate(node: WorldNode, draws: Draws, step: number): void {
    this.counts.isolations += 1;
    const at = step + draws.between(10, 80);
    const salt = draws.word();
    this.network.stall(node.id, HOME, at + 1);
    const keep = (): void => {
      if (!node.alive) return;
      this.story.note(`the lease of node ${node.id} ends`);
      this.crash(node, salt);
      this.declareLost(node.id);
    };
    this.#appointments.push({ at, keep });
  }

  /** What was set for `step`, or an earlier one, happens. */
  keepAppointments(step: number): void {
    if (this.#appointments.length === 0) return;
    const due = this.#appointments.filter(({ at }) => at <= step);
    this.#appointments = this.#appointments.filter(({ at }) => at > step);
    for (const { keep } of due) keep();
  }

  /** The lease of the node that has been dead longest ends, or that of `dead`; false when there is none. */
  declareLost(dead = this.#dying[0]): boolean {
    const at = dead === undefined ? -1 : this.#dying.indexOf(dead);
    if (dead === undefined || at < 0) return false;
    this.#dying.splice(at, 1);
    this.mourners.beforeLost(dead);
    this.world.declareLost(dead);
    return true;
  }

  /** A program that was killed or fenced comes back as `incarnation`; with `announced`, it says which life of its own need not be waited out. */
  rejoin(incarnation: number, { announced }: { readonly announced: boolean }): void {
    const [fallen] = this.#fallen;
    if (fallen === undefined) return;
    this.#fallen.delete(fallen);
    this.counts.rejoins += 1;
    if (announced) this.declareLost(fallen);
    this.world.join(incarnation);
  }

  /** Nothing dies any more; what is set happens now, and every lease of the dead ends. */
  endAll(): void {
    this.keepAppointments(Number.POSITIVE_INFINITY);
    for (const node of this.world.nodes.values()) node.effectsLeft = Number.POSITIVE_INFINITY;
    while (this.declareLost());
  }
}
