import { HOME } from '@pagewire/protocol';
import { RuleBroken } from '../rule-broken.js';
import type { World } from '../world.js';
import type { WorldNode } from '../world-node.js';
import type { Accesses } from './accesses.js';
import type { Ghosts } from './ghosts.js';

/** Nodes that leave in good order: no more accesses, no pins, give back until nothing is held, say goodbye. */
export class Leaving {
  /** With `cut`, their last words to their peers are lost. */
  readonly #leaving = new Map<WorldNode, { readonly cut: boolean }>();
  /** Nodes that hold nothing any more and have said goodbye, behind everything else that they told the home. */
  readonly #saidGoodbye = new Set<WorldNode>();
  readonly counts = { leaves: 0 };

  constructor(
    readonly world: World,
    readonly ghosts: Ghosts,
    readonly accesses: Accesses,
  ) {}

  has(node: WorldNode): boolean {
    return this.#leaving.has(node);
  }

  begin(node: WorldNode, how: { readonly cut: boolean }): void {
    this.counts.leaves += 1;
    this.#leaving.set(node, how);
    this.accesses.drop(node);
    this.accesses.unpinAll(node);
    this.giveBack(node);
  }

  /** The node is dead: it leaves no more. */
  forget(node: WorldNode): void {
    this.#leaving.delete(node);
    this.#saidGoodbye.delete(node);
  }

  giveBack(node: WorldNode): void {
    if (this.#saidGoodbye.has(node) || !node.alive) return;
    this.world.toAgent(node, { kind: 'evict', pages: [...node.agent.holdings()] });
    if (node.alive && node.agent.heldPages === 0) this.#saidGoodbye.add(node);
  }

  /** A goodbye arrives behind everything that its node told the home before. */
  letGo(): void {
    for (const node of this.#saidGoodbye) {
      if (this.world.isOnItsWay(node.id, HOME)) continue;
      const cut = this.#leaving.get(node)?.cut ?? false;
      this.forget(node);
      const lost = this.ghosts.counts.lostPages;
      this.world.leave(node.id, { cut });
      if (this.ghosts.counts.lostPages > lost) throw new RuleBroken('I8', `a page is lost because node ${node.id} left in good order`);
    }
  }

  /** Everybody else is done: nothing can hold up one that leaves for longer than its requests and releases take. */
  endAll(): void {
    for (const node of [...this.#leaving.keys()]) {
      for (let round = 0; round < 4 && !this.#saidGoodbye.has(node); round += 1) {
        this.giveBack(node);
        this.world.settle();
      }
      this.letGo();
      if (node.alive) throw new RuleBroken('I6', `node ${node.id} cannot leave: it still has ${node.agent.heldPages} pages`);
    }
  }
}
