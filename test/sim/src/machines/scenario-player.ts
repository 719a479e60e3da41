import {
  type ErrorCode,
  HOME,
  type Incarnation,
  incarnation,
  limits,
  type Millis,
  millis,
  type PageId,
  type Right,
} from '@pagewire/protocol';
import { showAgentEffect, showFlight, showHomeEffect } from './notation.js';
import { showTableEffect } from './sync-notation.js';
import { type PeerWait, SyncPeer } from './sync-peer.js';
import type { Watch } from './watch.js';
import { World } from './world.js';
import { type Place, tellingAll, type WorldEvents } from './world-events.js';
import { FORGOTTEN, type WorldNode, worldPage } from './world-node.js';

/** An access that found its page without the right it needs. */
interface Access {
  readonly node: WorldNode;
  readonly page: PageId;
  /** What to store; undefined reads. */
  readonly value: number | undefined;
  /** A read that only looks, for a wait. */
  readonly look?: PeerWait;
}

const rightOf = ({ value }: Access): Right => (value === undefined ? 'readonly' : 'exclusive');

/**
 * Plays the input lines of one scenario against a world and tells every effect, one a line. It is the driver of each node too: a
 * `permit` runs the accesses that waited for it at once, and a `fail` ends them.
 */
export class ScenarioPlayer {
  #world: World | undefined;
  #lines: string[] = [];
  #waiting: Access[] = [];
  #regionDeleted = false;
  readonly #peers = new Map<WorldNode, SyncPeer>();

  constructor(readonly watch?: Watch) {}

  /** What comes of one input line. `given` plays a line whose effects are shown elsewhere, and says nothing of them. */
  play(line: string): readonly string[] {
    this.#lines = [];
    const words = line.split(' ');
    const [first] = words;
    this.#input(first === 'given' ? words.slice(1) : words);
    this.#checkHolders();
    return first === 'given' ? [] : this.#lines;
  }

  #input(words: readonly string[]): void {
    const [first = '', ...rest] = words;
    if (first === 'nodes') this.#begin(rest);
    else if (/^\d+$/.test(first)) this.#nodeInput(this.#at.node(Number(first)), rest);
    else this.#worldInput(words);
  }

  get #at(): World {
    if (this.#world === undefined) throw new Error('a scenario starts with a line such as `nodes 1 2 3`');
    return this.#world;
  }

  /** `nodes 1 2 3 pages=2 queue=1`: who is there, how many pages, and how many requests may wait for one. */
  #begin(words: readonly string[]): void {
    const settings = new Map(words.filter((word) => word.includes('=')).map((word) => [word.split('=')[0], Number(word.split('=')[1])]));
    const own: WorldEvents = {
      agentEffect: (node, effect) => {
        this.#tell(showAgentEffect(node.id, effect));
        if (effect.kind === 'permit') this.#retry(node, effect.page);
        if (effect.kind === 'fail') this.#fail(node, effect.page, effect.code);
        if (effect.kind === 'confirmed') this.#peer(node).flush();
      },
      tableEffect: (effect) => this.#tell(showTableEffect(effect)),
      replied: (node, reply) => void this.#peer(node).replied(reply),
      homeEffect: (effect) => this.#tell(showHomeEffect(effect)),
      sent: (flight) => this.#tell(showFlight(flight)),
    };
    const home = { queueTimeoutMs: limits.queueTimeoutMs, maxQueuedPerPage: settings.get('queue') ?? limits.maxQueuedPerPage };
    const world = new World(settings.get('pages') ?? 1, tellingAll([this.watch?.events ?? {}, own]), home);
    this.watch?.attach(world, home);
    this.#world = world;
    for (const word of words) if (!word.includes('=')) world.join(Number(word));
  }

  #tell(line: string | undefined): void {
    if (line !== undefined) this.#lines.push(line);
  }

  #nodeInput(node: WorldNode, [verb = '', what = '', ...rest]: readonly string[]): void {
    const world = this.#at;
    if (['lock', 'take', 'arrive', 'give-back', 'cancel'].includes(verb)) return this.#named(this.#peer(node), verb, what, rest);
    const pages = what.split(',').map((index) => worldPage(Number(index)));
    const [page = worldPage(0)] = pages;
    switch (verb) {
      case 'read':
        return this.#access({ node, page, value: undefined }, this.#deadline(rest));
      case 'write':
        return this.#access({ node, page, value: Number(rest[0]) }, this.#deadline(rest.slice(1)));
      case 'fault':
        return world.toAgent(node, { kind: 'fault', pages, right: asRight(rest[0]), deadline: this.#deadline(rest.slice(1)) });
      case 'pin':
      case 'unpin':
        return world.toAgent(node, { kind: verb, page, right: asRight(rest[0]) });
      case 'evict':
        return world.toAgent(node, { kind: 'evict', pages });
      case 'wait':
        this.#peer(node).wait(page, Number(rest[1]));
        return;
      case 'notify':
        this.#peer(node).ask({ kind: 'notify', page, offset: 0, ...(rest[0] === 'count' ? { count: Number(rest[1]) } : {}) });
        return;
      case 'expire':
        return this.#peer(node).expire(this.#waitOf(node));
      default:
        throw new Error(`a node cannot ${verb}`);
    }
  }

  /** `1 lock jobs`, `1 take pool 2 of 4`, `1 arrive step 3`, and `1 give-back 5` or `1 cancel 5` for its request #5. */
  #named(peer: SyncPeer, verb: string, what: string, [count, , permits]: readonly string[]): void {
    if (verb === 'lock') peer.ask({ kind: 'lock', name: what });
    else if (verb === 'take') peer.ask({ kind: 'take-permits', name: what, count: Number(count), permits: Number(permits) });
    else if (verb === 'arrive') peer.ask({ kind: 'arrive', name: what, parties: Number(count) });
    else peer.say({ kind: verb === 'cancel' ? 'cancel' : 'give-back', id: Number(what) });
  }

  #peer(node: WorldNode): SyncPeer {
    const known = this.#peers.get(node);
    if (known !== undefined) return known;
    const peer = new SyncPeer(this.#at, node, {
      look: (look) => this.#access({ node, page: look.page, value: undefined, look }, this.#deadline([])),
      ended: ({ page }, outcome) =>
        this.#tell(`${node.id}: wait ${page % 2 ** 32} ends ${typeof outcome === 'string' ? outcome : outcome.code}`),
    });
    this.#peers.set(node, peer);
    return peer;
  }

  #waitOf(node: WorldNode): PeerWait {
    const [wait] = this.#peer(node).waits;
    if (wait === undefined) throw new Error(`node ${node.id} waits on no address`);
    return wait;
  }

  #worldInput([verb = '', what = '', kind = '']: readonly string[]): void {
    const world = this.#at;
    switch (verb) {
      case 'deliver':
        return this.#deliver(what, kind);
      case 'settle':
        return world.settle();
      case 'join':
        world.join(Number(what));
        return;
      case 'crash':
        this.#waiting = this.#waiting.filter(({ node }) => node.id !== Number(what));
        return world.crash(Number(what));
      case 'lost':
        return world.declareLost(Number(what));
      case 'leave':
        return world.leave(Number(what), { cut: false });
      case 'trim':
        return world.toHome({ kind: 'trim', pages: [worldPage(Number(what))] });
      case 'time':
        world.now = millis(Number(what));
        return;
      case 'tick':
        world.toHome({ kind: 'tick' });
        for (const node of world.nodes.values()) if (node.alive) world.toAgent(node, { kind: 'tick' });
        return;
      case 'delete-region':
        this.#regionDeleted = true;
        return world.deleteRegion();
      case 'state':
        return this.#showState(worldPage(Number(what)));
      case 'confirmations':
        return this.#showConfirmations(world.node(Number(what)));
      default:
        throw new Error(`there is no input "${verb}"`);
    }
  }

  /** `until 5000`, or the time that accesses usually have. */
  #deadline([word, at]: readonly string[]): Millis {
    return millis(word === 'until' ? Number(at) : this.#at.now + limits.faultTimeoutMs);
  }

  /** `deliver 1>home acquire`: the kind must be that of the oldest message, so that a scenario cannot drift from what it says. */
  #deliver(link: string, kind: string): void {
    const [from = '', to = ''] = link.split('>');
    const next = this.#at.links.get(link)?.[0]?.message.kind;
    if (next !== kind) throw new Error(`the next message on ${link} is ${next ?? 'none'}, not ${kind}`);
    this.#at.deliver(asPlace(from), asPlace(to));
  }

  #access(access: Access, deadline: Millis): void {
    const { node, page, value } = access;
    const held = node.frames.get(page)?.right;
    const right = rightOf(access);
    if (held !== 'exclusive' && held !== right) {
      this.#tell(`${node.id}: fault ${page % 2 ** 32} ${right}`);
      this.#waiting.push(access);
      return this.#at.toAgent(node, { kind: 'fault', pages: [page], right, deadline });
    }
    const frame = node.frame(page);
    if (access.look !== undefined) return this.#looked(access.look, node, frame.value);
    if (value !== undefined) frame.value = value;
    this.#tell(`${node.id} ${value === undefined ? 'reads' : 'writes'} ${page % 2 ** 32} = ${frame.value}`);
  }

  #looked(wait: PeerWait, node: WorldNode, value: number): void {
    this.#tell(`${node.id} looks at ${wait.page % 2 ** 32} = ${value}`);
    this.#peer(node).looked(wait, value, node.agent.heldAt(wait.page));
  }

  #take(node: WorldNode, page: PageId): Access[] {
    const taken = this.#waiting.filter((access) => access.node === node && access.page === page);
    this.#waiting = this.#waiting.filter((access) => access.node !== node || access.page !== page);
    return taken;
  }

  /** Runs what waited for the page; an access that needs more than came faults again. */
  #retry(node: WorldNode, page: PageId): void {
    for (const access of this.#take(node, page)) this.#access(access, this.#deadline([]));
  }

  #fail(node: WorldNode, page: PageId, code: ErrorCode): void {
    for (const access of this.#take(node, page)) {
      if (access.look !== undefined) this.#peer(node).stop(access.look, { code, message: code });
      else this.#tell(`${node.id} ${access.value === undefined ? 'read' : 'write'} ${page % 2 ** 32} ends with ${code}`);
    }
  }

  #showState(page: PageId): void {
    const { home, nodes } = this.#at;
    const holders = home.holdersOf(page);
    this.#tell(`home: ${home.stateOf(page)}${holders.length > 0 ? ` ${[...new Set(holders)].join(',')}` : ''}`);
    for (const node of nodes.values()) this.#tell(`${node.id}: ${node.alive ? describePage(node, page) : 'dead'}`);
  }

  #showConfirmations(node: WorldNode): void {
    this.#tell(`${node.id}: ${node.agent.confirmedUpTo} of ${node.agent.lastExclusive} exclusive grants are confirmed`);
  }

  /** I1 and I7 hold after every input, whatever the scenario expects. */
  #checkHolders(): void {
    const { home, nodes, pageCount } = this.#at;
    for (let index = 0; index < pageCount; index += 1) {
      const page = worldPage(index);
      const holders = [...nodes.values()].filter((node) => node.alive && (node.frames.get(page)?.right ?? 'none') !== 'none');
      const writer = holders.find((node) => node.frame(page).right === 'exclusive');
      if (writer !== undefined && holders.length > 1) throw new Error(`I1: page ${index} is held by ${holders.map(({ id }) => id)}`);
      // A deleted region's holders are forgotten at once; they hear of it next.
      const unknown = this.#regionDeleted ? undefined : holders.find(({ id }) => !home.holdersOf(page).includes(id));
      if (unknown !== undefined) throw new Error(`I7: the home does not know that node ${unknown.id} holds page ${index}`);
    }
  }
}

/** The state by the agent, the number in the frame while its bytes are needed, and whether the home waits for a pin here. */
function describePage(node: WorldNode, page: PageId): string {
  const value = node.frames.get(page)?.value ?? FORGOTTEN;
  const frame = value === FORGOTTEN ? '' : ` frame=${value}`;
  return `${node.agent.stateOf(page)}${frame}${node.agent.isWanted(page) ? ' wanted' : ''}`;
}

const asPlace = (name: string): Place => (name === HOME ? HOME : asIncarnation(name));
const asIncarnation = (name: string): Incarnation => incarnation(Number(name));

function asRight(word: string | undefined): Right {
  if (word !== 'readonly' && word !== 'exclusive') throw new Error(`${word} is not a right`);
  return word;
}
