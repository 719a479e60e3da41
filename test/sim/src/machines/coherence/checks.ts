import {
  type AgentInput,
  type Content,
  HOME,
  type HomeInput,
  type Incarnation,
  type PageId,
  type PageItems,
  type PageMessage,
  pageIndex,
  type RequestId,
  regionOf,
  showPage,
  type Version,
} from '@pagewire/protocol';
import { RuleBroken } from '../rule-broken.js';
import type { World } from '../world.js';
import type { Flight } from '../world-events.js';
import { decode, type WorldNode } from '../world-node.js';

/** What is checked of rights and messages, whoever plays: I1, I3, I4, I5, I6 and I7. I2 and I8 are with the ghosts of the pages. */
export class Checks {
  /** I3: the number that each version of a page holds. */
  readonly #contents = new Map<PageId, Map<Version, number>>();
  /** I6: acquires on their way or being served. */
  readonly #asked = new Map<string, { readonly from: Incarnation; readonly page: PageId }>();
  /** I5: the input under way comes from a life that has ended. */
  #stale: { readonly from: Incarnation; readonly what: string; ignored: boolean } | undefined;

  constructor(readonly world: World) {}

  /** I1: one exclusive holder and no other, among the living. I7: the home knows every holder. */
  holders(page: PageId): void {
    const holders = [...this.world.nodes.values()].filter(({ alive, frames }) => alive && (frames.get(page)?.right ?? 'none') !== 'none');
    const writes = holders.some((node) => node.frame(page).right === 'exclusive');
    if (writes && holders.length > 1) throw new RuleBroken('I1', `page ${showPage(page)} is held by nodes ${holders.map(({ id }) => id)}`);
    // A deleted region's holders are forgotten at once; they hear of it next.
    if (!this.world.regions.has(regionOf(page))) return;
    const known = this.world.home.holdersOf(page);
    for (const { id } of holders) {
      if (!known.includes(id)) throw new RuleBroken('I7', `the home does not know that node ${id} holds page ${showPage(page)}`);
    }
  }

  sent({ from, to, message }: Flight): void {
    if (!('items' in message)) return;
    for (const item of message.items) if ('content' in item && item.content !== undefined) this.#content(message.kind, item, item.content);
    if (message.kind === 'acquire' && from !== HOME) {
      for (const { page, id } of message.items) this.#asked.set(requestKey(from, page, id), { from, page });
    }
    if ((message.kind === 'grant' || message.kind === 'refused') && to !== HOME) {
      for (const { page, id } of message.items) this.#asked.delete(requestKey(to, page, id));
    }
    if (from !== HOME) this.#rightGone(this.world.node(from), message);
  }

  /** I4: what says that a right is gone, or shows bytes to others, leaves after the right is gone. */
  #rightGone(node: WorldNode, { kind, items }: PageMessage): void {
    const givesUp = kind === 'invalidated' || kind === 'release';
    if (!givesUp && kind !== 'page' && kind !== 'downgraded') return;
    for (const { page } of items) {
      const right = node.frames.get(page)?.right ?? 'none';
      if (givesUp ? right !== 'none' : right === 'exclusive') {
        throw new RuleBroken('I4', `node ${node.id} says ${kind} of page ${showPage(page)} and may still use it ${right}`);
      }
    }
  }

  #content(kind: string, item: PageItems[keyof PageItems], content: Content): void {
    const versioned = this.#versionOf(kind, item);
    if (versioned === undefined) return;
    let contents = this.#contents.get(item.page);
    if (contents === undefined) {
      contents = new Map([[0 as Version, 0]]);
      this.#contents.set(item.page, contents);
    }
    const value = decode(content);
    const before = contents.get(versioned);
    if (before === undefined) contents.set(versioned, value);
    else if (before !== value) {
      throw new RuleBroken('I3', `page ${showPage(item.page)} holds ${before} and ${value} at version ${versioned} (${kind})`);
    }
  }

  /** Whose bytes the content is: an exclusive grant bears the version to come, with the bytes of the committed one. */
  #versionOf(kind: string, item: PageItems[keyof PageItems]): Version | undefined {
    if (kind === 'grant' && 'right' in item && item.right === 'exclusive') {
      const standing = this.world.home.standingOf(item.page);
      return standing.kind === 'current' ? standing.version : undefined;
    }
    return 'version' in item ? item.version : undefined;
  }

  /** I5: what a node sent in a life that has ended must be ignored, aloud. */
  before(to: WorldNode | typeof HOME, input: AgentInput | HomeInput): void {
    this.#stale = undefined;
    if (input.kind !== 'message' || input.from === HOME) return;
    const { from, message } = input;
    const ended = to === HOME ? this.world.lost.has(from) : to.heardLost.has(from);
    if (ended) this.#stale = { from, what: message.kind, ignored: false };
  }

  effect(kind: string): void {
    if (this.#stale === undefined) return;
    if (kind !== 'ignored') throw endedLife(this.#stale, `brings about "${kind}"`);
    this.#stale.ignored = true;
  }

  after(): void {
    if (this.#stale?.ignored === false) throw endedLife(this.#stale, 'is taken');
    this.#stale = undefined;
  }

  /** I6: nobody living waits for an answer. */
  allAnswered(): void {
    for (const { from, page } of this.#asked.values()) {
      if (!this.world.node(from).alive || !this.world.regions.has(regionOf(page))) continue;
      throw new RuleBroken('I6', `an acquire of page ${showPage(page)} by node ${from} was never answered`);
    }
  }
}

const requestKey = (from: Incarnation, page: PageId, id: RequestId): string => `${from}/${regionOf(page)}/${pageIndex(page)}/${id}`;
const endedLife = ({ from, what }: { readonly from: Incarnation; readonly what: string }, does: string): RuleBroken =>
  new RuleBroken('I5', `${what} of node ${from}, whose life has ended, ${does}`);
