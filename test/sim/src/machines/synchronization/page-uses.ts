import type { PageId, Right } from '@pagewire/protocol';
import { FAR_AWAY } from '../coherence/accesses.js';
import type { World } from '../world.js';
import { type WorldNode, worldPage } from '../world-node.js';

/** Waited on and stored to. */
export const FLAG = worldPage(0);
/** Where a node tells others that it has stored to the flag. */
export const NEWS = worldPage(1);

/** Something that a node does as soon as it may use a page. */
export interface PageUse {
  readonly node: WorldNode;
  readonly page: PageId;
  readonly right: Right;
  run(): void;
}

/** The uses that wait for their pages. */
export class PageUses {
  #waiting: PageUse[] = [];

  constructor(readonly world: World) {}

  begin(use: PageUse): void {
    const { node, page, right, run } = use;
    const held = node.frame(page).right;
    if (!node.alive) return;
    if (held === 'exclusive' || held === right) return run();
    this.#waiting.push(use);
    this.world.toAgent(node, { kind: 'fault', pages: [page], right, deadline: FAR_AWAY });
  }

  /** The page is here: what waited for it runs; what needs more faults again. */
  permitted(node: WorldNode, page: PageId): void {
    for (const use of this.take(node, page)) this.begin(use);
  }

  /** What waited for the page, or for any, which waits no more. */
  take(node: WorldNode, page?: PageId): readonly PageUse[] {
    const isTaken = (use: PageUse): boolean => use.node === node && (page === undefined || use.page === page);
    const taken = this.#waiting.filter(isTaken);
    if (taken.length > 0) this.#waiting = this.#waiting.filter((use) => !isTaken(use));
    return taken;
  }
}
