import {
  type AgentInput,
  type Content,
  type ErrorCode,
  HOME,
  type HomeInput,
  type Incarnation,
  type Millis,
  type PageId,
  type PageItems,
  type PageMessage,
  pageIndex,
  type RequestId,
  regionOf,
  showPage,
  type Version,
} from '@pagewire/protocol';
import { RuleBroken } from './rule-broken.js';
import type { World } from './world.js';
import type { Flight } from './world-events.js';
import { decode, type WorldNode } from './world-node.js';

interface Asked {
  readonly from: Incarnation;
  readonly page: PageId;
  /** When it came to the home; undefined on the way there. */
  arrived: Millis | undefined;
}

/** What is checked of rights and messages, whoever plays: I1, I3, I4, I5, I6 and I7. I2 and I8 are with the ghosts of the pages. */
export class Checks {
  /** I3: the number that each version of a page holds. */
  readonly #contents = new Map<PageId, Map<Version, number>>();
  /** I6: acquires that the home has not answered. */
  readonly #asked = new Map<string, Asked>();
  /** What an agent was told last, but for the faults that come of it. */
  #told: AgentInput | HomeInput | undefined;
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
      for (const { page, id } of message.items) this.#asked.set(requestKey(from, page, id), { from, page, arrived: undefined });
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
    if (input.kind !== 'fault') this.#told = input;
    if (input.kind !== 'message' || input.from === HOME) return;
    const { from, message } = input;
    if (to === HOME && message.kind === 'acquire') for (const { page, id } of message.items) this.#arrived(from, page, id);
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

  #arrived(from: Incarnation, page: PageId, id: RequestId): void {
    const asked = this.#asked.get(requestKey(from, page, id));
    if (asked !== undefined) asked.arrived = this.world.now;
  }

  /** I6: after a tick of the home nobody has waited longer for its turn than `mostMs`. */
  queueTimes(mostMs: number): void {
    for (const { from, page, arrived } of this.#asked.values()) {
      if (arrived === undefined || this.world.now - arrived < mostMs || this.#isOver(from, page)) continue;
      throw new RuleBroken('I6', `the home lets an acquire of page ${showPage(page)} by node ${from} wait for more than ${mostMs} ms`);
    }
  }

  /** True when nobody has to answer it any more. */
  #isOver(from: Incarnation, page: PageId): boolean {
    return this.world.lost.has(from) || !this.world.regions.has(regionOf(page));
  }

  /** True when it is the home that has just told an agent that accesses to the page end with `code`. */
  isTold(page: PageId, code: ErrorCode): boolean {
    const told = this.#told;
    if (told?.kind === 'region-deleted') return code === 'no-such-region' && told.region === regionOf(page);
    if (told?.kind !== 'message' || told.message.kind !== 'refused') return false;
    return told.message.items.some((item) => item.page === page && item.code === code);
  }

  /** I6: nobody living waits for an answer. */
  allAnswered(): void {
    for (const { from, page } of this.#asked.values()) {
      if (!this.world.node(from).alive || this.#isOver(from, page)) continue;
      throw new RuleBroken('I6', `an acquire of page ${showPage(page)} by node ${from} was never answered`);
    }
  }
}

const requestKey = (from: Incarnation, page: PageId, id: RequestId): string => `${from}/${regionOf(page)}/${pageIndex(page)}/${id}`;
const endedLife = ({ from, what }: { readonly from: Incarnation; readonly what: string }, does: string): RuleBroken =>
  new RuleBroken('I5', `${what} of node ${from}, whose life has ended, ${does}`);
