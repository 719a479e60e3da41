import {
  type CoherenceMessage,
  HOME,
  type HomeInput,
  type Incarnation,
  limits,
  type Millis,
  type PageId,
  type PageMessage,
  pageIndex,
  type RequestId,
  type Right,
  regionOf,
} from '@pagewire/protocol';
import type { World } from '../world.js';
import type { Flight, WorldEvents } from '../world-events.js';
import { worldPage } from '../world-node.js';
import type { Tally } from './tally.js';

/** What can be known of the home's record of a page from outside. */
interface Known {
  /** It was granted exclusive at least once. */
  written: boolean;
  /** The home was told to drop its bytes, and was given none since. */
  trimmed: boolean;
  /** What is being served, or was last. */
  serving: { readonly to: Incarnation; readonly id: RequestId; readonly right: Right; acquired: boolean } | undefined;
  round: number;
  readonly awaiting: Set<Incarnation>;
  readonly everHeld: Set<Incarnation>;
  /** When each acquire came that waits its turn. */
  readonly waiting: Map<string, { readonly from: Incarnation; readonly since: Millis }>;
}

type Role = 'holder' | 'requester' | 'newcomer';

/** Names every input of the home of a world as the rows of its transition table do, and the state it meets as the columns do. */
export class HomeObserver {
  readonly events: WorldEvents = {
    beforeHome: (input) => this.#before(input),
    afterHome: () => this.#after(),
    sent: (flight) => this.#sent(flight),
  };
  readonly #pages = new Map<PageId, Known>();
  #attached: World | undefined;
  #queueTimeoutMs: number = limits.queueTimeoutMs;

  constructor(readonly tally: Tally) {}

  attach(world: World, queueTimeoutMs: number): void {
    this.#attached = world;
    this.#queueTimeoutMs = queueTimeoutMs;
    this.#learn();
  }

  get #world(): World {
    if (this.#attached === undefined) throw new Error('an observer that is attached to no world was told something');
    return this.#attached;
  }

  /** Pages are known from the creation of their region, also when it is gone. */
  #learn(): void {
    for (const [region, pageCount] of this.#world.regions) {
      for (let at = 0; at < pageCount; at += 1) this.#known(worldPage(at, region));
    }
  }

  #known(page: PageId): Known {
    let known = this.#pages.get(page);
    if (known === undefined) {
      const sets = { awaiting: new Set<Incarnation>(), everHeld: new Set<Incarnation>(), waiting: new Map() };
      known = { written: false, trimmed: false, serving: undefined, round: 0, ...sets };
      this.#pages.set(page, known);
    }
    return known;
  }

  #state(page: PageId): string {
    if (!this.#world.regions.has(regionOf(page))) return 'deleted';
    const { awaiting, serving, trimmed, written } = this.#known(page);
    const kind = this.#world.home.stateOf(page);
    if (kind === 'unheld') return written ? 'unheld' : 'untouched';
    if (kind === 'shared') return trimmed ? 'shared, trimmed' : 'shared';
    if (kind !== 'busy') return kind;
    const right = serving?.right === 'exclusive' ? 'busy, write' : 'busy, read';
    if (awaiting.size === 0) return right;
    return serving !== undefined && this.#world.lost.has(serving.to) ? 'busy, abort' : `${right}, repair`;
  }

  #role(page: PageId, member: Incarnation): Role {
    const { everHeld, serving } = this.#known(page);
    const { home } = this.#world;
    const holders = home.holdersOf(page);
    if (home.stateOf(page) !== 'busy') {
      const held = holders.length > 0 ? holders.includes(member) : everHeld.has(member);
      return held ? 'holder' : 'newcomer';
    }
    // The requester ends the holders of a busy page. What it holds since it said `acquired`, it holds as others do.
    if (holders.slice(0, -1).includes(member)) return serving?.to === member && !serving.acquired ? 'requester' : 'holder';
    if (holders.at(-1) !== member) return 'newcomer';
    return serving?.acquired === true ? 'holder' : 'requester';
  }

  #saw(page: PageId, input: string): void {
    this.tally.count(input, this.#state(page));
  }

  #all(name: (page: PageId) => string): void {
    for (const page of this.#pages.keys()) this.#saw(page, name(page));
  }

  #before(input: HomeInput): void {
    switch (input.kind) {
      case 'member-joined':
        return this.#all(() => 'another member joined');
      case 'member-lost':
        this.#all((page) => `${the(this.#role(page, input.member))} lost`);
        for (const known of this.#pages.values()) {
          known.awaiting.delete(input.member);
          for (const [key, { from }] of known.waiting) if (from === input.member) known.waiting.delete(key);
        }
        return;
      case 'region-created':
        this.#all(() => 'another region created');
        return this.#learn();
      case 'region-deleted':
        return this.#all((page) => (regionOf(page) === input.region ? 'its region deleted' : 'another region deleted'));
      case 'trim':
        for (const page of input.pages) {
          this.#saw(page, 'trim');
          if (this.#world.home.stateOf(page) === 'shared') this.#known(page).trimmed = true;
        }
        return;
      case 'tick':
        return this.#all((page) => (this.#hasWaitedLong(page) ? 'tick, a newcomer has waited long' : 'tick, nobody waits'));
      case 'message':
        return this.#message(input.from, input.message);
    }
  }

  #hasWaitedLong(page: PageId): boolean {
    const { now } = this.#world;
    return [...this.#known(page).waiting.values()].some(({ since }) => now - since >= this.#queueTimeoutMs);
  }

  #message(from: Incarnation, message: CoherenceMessage): void {
    if (message.kind === 'node-lost') return this.#all(() => 'node-lost, from an agent');
    for (const item of message.items) {
      const { page } = item;
      if (message.kind === 'acquire' && this.#outside(page)) {
        this.#all(() => (this.#world.regions.has(regionOf(page)) ? 'acquire outside the region' : 'acquire in no region'));
        continue;
      }
      const name = this.#world.lost.has(from) ? `${message.kind}, by no member` : this.#name(from, message.kind, item);
      this.#saw(page, name);
      this.#remember(from, message.kind, item);
    }
  }

  #outside(page: PageId): boolean {
    return pageIndex(page) >= (this.#world.regions.get(regionOf(page)) ?? 0);
  }

  #name(from: Incarnation, kind: PageMessage['kind'], item: PageMessage['items'][number]): string {
    const known = this.#known(item.page);
    const role = this.#role(item.page, from);
    const standing = this.#world.home.standingOf(item.page);
    const atFloor = standing.kind !== 'current' || !('version' in item) || item.version === standing.version;
    switch (kind) {
      case 'acquire':
        return role === 'requester' || !('right' in item)
          ? 'acquire exclusive, by the requester'
          : `acquire ${item.right}, by ${the(role)}`;
      case 'acquired':
        if (known.serving?.to !== from) return 'acquired, by a newcomer';
        return 'id' in item && item.id === known.serving.id ? 'acquired, by the requester' : 'acquired, another request';
      case 'downgraded':
        if (role !== 'holder') return 'downgraded, by a newcomer';
        return atFloor ? 'downgraded, by the holder' : 'downgraded, another version';
      case 'release':
        if (role === 'newcomer') return 'release, by a newcomer';
        if (!atFloor) return 'release, another version';
        return 'content' in item && item.content !== undefined ? 'release, by the holder' : 'release without bytes, by the holder';
      case 'report':
        if (!('round' in item) || item.round !== known.round) return 'report, another round';
        return known.awaiting.has(from) ? 'report, by the holder' : 'report, by a newcomer';
      default:
        return `${kind}, from an agent`;
    }
  }

  #remember(from: Incarnation, kind: PageMessage['kind'], item: PageMessage['items'][number]): void {
    const known = this.#known(item.page);
    if (kind === 'acquire' && 'id' in item) known.waiting.set(`${from}/${item.id}`, { from, since: this.#world.now });
    if (kind === 'report' && 'round' in item && item.round === known.round) known.awaiting.delete(from);
    if (kind === 'acquired' && known.serving?.to === from) known.serving.acquired = true;
    const standing = this.#world.home.standingOf(item.page);
    const brings = 'content' in item && item.content !== undefined && 'version' in item;
    if (brings && standing.kind === 'current' && item.version === standing.version) known.trimmed = false;
  }

  #after(): void {
    for (const [page, known] of this.#pages) {
      for (const holder of this.#world.home.holdersOf(page)) known.everHeld.add(holder);
      const kind = this.#world.home.stateOf(page);
      if (kind === 'exclusive') known.trimmed = false;
      if (kind !== 'busy') known.awaiting.clear();
    }
  }

  #sent({ from, to, message }: Flight): void {
    if (from !== HOME || to === HOME || !('items' in message)) return;
    for (const item of message.items) {
      const known = this.#known(item.page);
      if (message.kind === 'query' && 'round' in item) {
        if (item.round !== known.round) known.awaiting.clear();
        known.round = item.round;
        known.awaiting.add(to);
      }
      if ((message.kind === 'grant' || message.kind === 'refused') && 'id' in item) known.waiting.delete(`${to}/${item.id}`);
      if (message.kind === 'grant' && 'right' in item) {
        if (item.right === 'exclusive') known.written = true;
        // What the home has asked about an earlier request does not matter any more.
        if (known.serving?.to !== to || known.serving.id !== item.id) known.awaiting.clear();
        known.serving = { to, id: item.id, right: item.right, acquired: false };
      }
    }
  }
}

const the = (role: Role): string => (role === 'newcomer' ? 'a newcomer' : `the ${role}`);
