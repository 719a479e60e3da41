import {
  type CoherenceMessage,
  type GrantItem,
  type Incarnation,
  type PageId,
  type RequestId,
  showPage,
  type Version,
  version,
} from '@pagewire/protocol';
import { RuleBroken } from '../rule-broken.js';
import type { World } from '../world.js';
import type { WorldNode } from '../world-node.js';

/** What must be true of one page, known from outside the machines. */
interface Ghost {
  /** The last value written, by anyone. */
  value: number;
  /** The value before the newest exclusive grant: what is reinstated if its holder dies unconfirmed. */
  before: number;
  writer: Incarnation | undefined;
  /** The version under which `writer` writes. */
  tenure: Version;
  /** The newest version that the home has granted. */
  issued: Version;
  /** Whom, and which request of it, that was for. */
  requester: Incarnation | undefined;
  request: RequestId | undefined;
  /** The first value that `writer` has written since its grant, if it has. */
  first: number | undefined;
  /** The version that the home says is committed. */
  floor: Version;
  /** The newest version of which the home was given the bytes, and was not told to drop them. */
  stored: Version | undefined;
  /** The home was told to drop its bytes at least once. */
  trimmed: boolean;
  lost: boolean;
}

/** The last write of each page (I2), whether it may be lost (I8), and whether anything depends on a write that was undone (rule 7). */
export class Ghosts {
  readonly #ghosts = new Map<PageId, Ghost>();
  /** Who wrote each value. Values are unique and rise with time. */
  readonly #authors = new Map<number, Incarnation>();
  /** The newest value of each node that another one has seen. */
  readonly #shown = new Map<Incarnation, number>();
  /** For a dead node, its first write that was undone: nothing it wrote later may be seen (rule 7). */
  readonly #undone = new Map<Incarnation, number>();
  /** What was stored of each page before the message under way brought bytes of it. */
  readonly #given = new Map<PageId, Version | undefined>();
  #values = 0;
  readonly counts = { lostPages: 0, undone: 0 };

  constructor(readonly world: World) {}

  of(page: PageId): Ghost {
    let ghost = this.#ghosts.get(page);
    if (ghost === undefined) {
      const nobody = { writer: undefined, stored: undefined, first: undefined, requester: undefined, request: undefined };
      const none = { ...nobody, value: 0, before: 0, trimmed: false, lost: false };
      ghost = { ...none, tenure: version(0), issued: version(0), floor: version(0) };
      this.#ghosts.set(page, ghost);
    }
    return ghost;
  }

  /** The home has granted `page` exclusive. A repair grants the same version again, for the same request; nobody else ever has it (rule 10). */
  granted({ page, id, version: issued }: GrantItem, to: Incarnation): void {
    const ghost = this.of(page);
    const again = ghost.issued === issued && ghost.requester === to && ghost.request === id;
    if (issued <= ghost.issued && !again) {
      throw new RuleBroken(
        'I3',
        `page ${showPage(page)} is granted at version ${issued} to node ${to}, and ${ghost.issued} was granted before`,
      );
    }
    Object.assign(ghost, { issued, requester: to, request: id });
  }

  /** Before the home takes a message: bytes of the committed version are its own from now on (rule 5). */
  given(message: CoherenceMessage): void {
    this.#given.clear();
    if (message.kind !== 'release' && message.kind !== 'downgraded' && message.kind !== 'report') return;
    for (const { page, version: bytesOf, content } of message.items) {
      const standing = this.world.home.standingOf(page);
      if (content === undefined || standing.kind !== 'current' || standing.version !== bytesOf) continue;
      const ghost = this.of(page);
      this.#given.set(page, ghost.stored);
      ghost.stored = bytesOf;
    }
  }

  /** The home says that what it was just told of the page has no effect: a report of a round that is over brings nothing. */
  notGiven(page: PageId): void {
    if (this.#given.has(page)) this.of(page).stored = this.#given.get(page);
  }

  /** Before the home is told to drop the bytes of a page, which it may where others share it. */
  trimmed(page: PageId): void {
    const ghost = this.of(page);
    ghost.trimmed = true;
    if (this.world.home.stateOf(page) === 'shared') ghost.stored = undefined;
  }

  /** After a step of the home. */
  stood(page: PageId): void {
    const standing = this.world.home.standingOf(page);
    if (standing.kind === 'current') this.of(page).floor = standing.version;
  }

  /** The node may write the page now. */
  installed(node: WorldNode, page: PageId): void {
    const ghost = this.of(page);
    const tenure = node.agent.heldAt(page)?.version;
    if (tenure === undefined || (ghost.writer === node.id && ghost.tenure === tenure)) return;
    Object.assign(ghost, { before: ghost.value, writer: node.id, tenure, first: undefined });
  }

  /** The node died between the message that says it has the page and the access: to all others that is as if it had died behind the access. */
  diedInstalling(node: WorldNode, page: PageId): void {
    const held = node.agent.heldAt(page);
    const ghost = this.of(page);
    if (held?.right !== 'exclusive' || (ghost.writer === node.id && ghost.tenure === held.version)) return;
    this.installed(node, page);
    Object.assign(node.frame(page), { right: 'exclusive', value: ghost.value });
    this.sign(node, page);
  }

  /** A value of its own for each exclusive grant, which tells its bytes from older ones whether or not anybody wanted to write. */
  sign(node: WorldNode, page: PageId): void {
    if (this.of(page).first === undefined) this.write(node, page);
  }

  /** I2: what the frame holds is the last write. */
  read(node: WorldNode, page: PageId): number {
    const { value } = node.frame(page);
    const expected = this.of(page).value;
    if (value !== expected) {
      throw new RuleBroken('I2', `node ${node.id} reads ${value} of page ${showPage(page)}; the last write was ${expected}`);
    }
    const author = this.#authors.get(value);
    if (author === undefined || author === node.id) return value;
    if (value > (this.#undone.get(author) ?? Number.POSITIVE_INFINITY)) throw dependsOnUndone(author);
    if (value > (this.#shown.get(author) ?? 0)) this.#shown.set(author, value);
    return value;
  }

  write(node: WorldNode, page: PageId): void {
    this.read(node, page);
    const ghost = this.of(page);
    this.#values += 1;
    node.frame(page).value = this.#values;
    ghost.value = this.#values;
    ghost.first ??= this.#values;
    this.#authors.set(this.#values, node.id);
  }

  /** The member is about to be declared lost: what it wrote under a grant that the home has not confirmed is undone. */
  undo(dead: Incarnation): void {
    for (const [page, ghost] of this.#ghosts) {
      if (ghost.writer !== dead) continue;
      if (ghost.first !== undefined && this.#isUnconfirmed(page, ghost)) {
        this.#undone.set(dead, Math.min(ghost.first, this.#undone.get(dead) ?? Number.POSITIVE_INFINITY));
        ghost.value = ghost.before;
        this.counts.undone += 1;
      }
      ghost.writer = undefined;
    }
    if ((this.#shown.get(dead) ?? 0) > (this.#undone.get(dead) ?? Number.POSITIVE_INFINITY)) throw dependsOnUndone(dead);
  }

  /** True while the home has not heard `acquired` of the grant under which the page was written. Holders of a busy page end with its requester. */
  #isUnconfirmed(page: PageId, { writer, tenure, issued }: Ghost): boolean {
    const { home } = this.world;
    return tenure === issued && home.stateOf(page) === 'busy' && home.holdersOf(page).at(-1) === writer && this.#grantsExclusive(page);
  }

  #grantsExclusive(page: PageId): boolean {
    const standing = this.world.home.standingOf(page);
    return standing.kind === 'current' && standing.newer;
  }

  /** I8: a page is lost only when its newest bytes died with a node, and nobody alive has them. Values are unique, so they tell. */
  lose(page: PageId): void {
    const ghost = this.of(page);
    if (ghost.stored === ghost.floor) {
      throw new RuleBroken('I8', `page ${showPage(page)} is declared lost, but the home was given version ${ghost.floor} of it`);
    }
    const nodes = [...this.world.nodes.values()];
    const releasing = (node: WorldNode): boolean => node.agent.stateOf(page).startsWith('releasing');
    const having = nodes.filter((node) => node.frame(page).value === ghost.value);
    // What was given back and then trimmed counts on the sharers that are left, whatever still lies in the giver's frame.
    const living = having.filter((node) => node.alive && !(ghost.trimmed && releasing(node)));
    if (living.length > 0) {
      throw new RuleBroken('I8', `page ${showPage(page)} is declared lost, but node ${living.map(({ id }) => id)} has its bytes`);
    }
    // A holder may have written under a grant that died with it: then its frame has newer bytes than the last that count.
    const diedHolding = nodes.some((node) => !node.alive && (node.frame(page).right !== 'none' || releasing(node)));
    if (having.length === 0 && !diedHolding) {
      throw new RuleBroken('I8', `page ${showPage(page)} is declared lost, but nobody died with its bytes`);
    }
    ghost.lost = true;
    this.counts.lostPages += 1;
  }
}

const dependsOnUndone = (author: Incarnation): RuleBroken =>
  new RuleBroken('rule 7', `somebody has seen a write of node ${author} that came after one that was undone`);
