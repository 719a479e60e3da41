import {
  type AgentInput,
  type CoherenceMessage,
  type GrantItem,
  HOME,
  type Incarnation,
  type Millis,
  millis,
  type PageId,
  type PageMessage,
  type Peer,
  type RequestId,
  type Right,
  regionOf,
  type Version,
} from '@pagewire/protocol';
import type { World } from '../world.js';
import type { WorldEvents } from '../world-events.js';
import { FORGOTTEN, type WorldNode, worldPage } from '../world-node.js';
import type { Tally } from './tally.js';

/** What can be known of a page on a node from outside its agent. */
interface Known {
  /** Its latest request. */
  request: { readonly id: RequestId; readonly right: Right } | undefined;
  /** The version that it held last. */
  held: Version | undefined;
  /** Of the accesses that came last. */
  deadline: Millis;
  readonly pins: Record<Right, number>;
}

/** Names every input of every agent of a world as the rows of the agent's transition table do, and the state it meets as the columns do. */
export class AgentObserver {
  readonly events: WorldEvents = {
    beforeAgent: (node, input) => this.#before(node, input),
    agentEffect: (node, effect) => {
      if (effect.kind === 'permit') this.#known(node, effect.page).held = node.agent.heldAt(effect.page)?.version;
    },
    sent: ({ from, message }) => {
      if (message.kind !== 'acquire' || from === HOME) return;
      for (const { page, id, right } of message.items) this.#known(this.#world.node(from), page).request = { id, right };
    },
  };
  readonly #pages = new Map<WorldNode, Map<PageId, Known>>();
  #attached: World | undefined;

  constructor(readonly tally: Tally) {}

  attach(world: World): void {
    this.#attached = world;
  }

  get #world(): World {
    if (this.#attached === undefined) throw new Error('an observer that is attached to no world was told something');
    return this.#attached;
  }

  #known(node: WorldNode, page: PageId): Known {
    let pages = this.#pages.get(node);
    if (pages === undefined) {
      pages = new Map();
      this.#pages.set(node, pages);
    }
    let known = pages.get(page);
    if (known === undefined) {
      known = { request: undefined, held: undefined, deadline: millis(Number.POSITIVE_INFINITY), pins: { readonly: 0, exclusive: 0 } };
      pages.set(page, known);
    }
    return known;
  }

  #state(node: WorldNode, page: PageId): string {
    const kind = node.agent.stateOf(page);
    const { pins } = this.#known(node, page);
    if (kind === 'invalid') return (node.frames.get(page)?.value ?? FORGOTTEN) === FORGOTTEN ? 'invalid' : 'invalid, kept';
    if (kind === 'exclusive' && pins.exclusive > 0) return 'exclusive, pinned';
    if (pins.readonly > 0) return kind === 'exclusive' ? 'exclusive, read-pinned' : `${kind}, pinned`;
    return kind;
  }

  #saw(node: WorldNode, page: PageId, input: string): void {
    this.tally.count(input, this.#state(node, page));
  }

  /** Every page that there is, for what is about none in particular. */
  #all(node: WorldNode, name: (page: PageId) => string): void {
    for (const [region, pageCount] of this.#world.regions) {
      for (let at = 0; at < pageCount; at += 1) this.#saw(node, worldPage(at, region), name(worldPage(at, region)));
    }
  }

  #before(node: WorldNode, input: AgentInput): void {
    switch (input.kind) {
      case 'fault':
        for (const page of input.pages) {
          this.#saw(node, page, `fault, ${input.right}`);
          this.#known(node, page).deadline = input.deadline;
        }
        return;
      case 'pin':
      case 'unpin':
        this.#saw(node, input.page, `${input.kind}, ${input.right}`);
        this.#known(node, input.page).pins[input.right] += input.kind === 'pin' ? 1 : -1;
        return;
      case 'evict':
        for (const page of input.pages) this.#saw(node, page, 'evict');
        return;
      case 'tick': {
        const { now } = this.#world;
        return this.#all(node, (page) => (this.#known(node, page).deadline > now ? 'tick before the deadline' : 'tick at the deadline'));
      }
      case 'region-opened':
        return this.#others(node, input.region, 'another region opened');
      case 'region-deleted':
        for (const page of this.#pages.get(node)?.keys() ?? []) {
          if (regionOf(page) !== input.region) continue;
          this.#saw(node, page, 'its region deleted');
          Object.assign(this.#known(node, page).pins, { readonly: 0, exclusive: 0 });
        }
        return this.#others(node, input.region, 'another region deleted');
      case 'message':
        return this.#message(node, input.from, input.message);
    }
  }

  #others(node: WorldNode, region: number, name: string): void {
    for (const page of this.#pages.get(node)?.keys() ?? []) if (regionOf(page) !== region) this.#saw(node, page, name);
  }

  #message(node: WorldNode, from: Peer, message: CoherenceMessage): void {
    if (message.kind === 'node-lost') {
      this.#all(node, () => (from === HOME ? 'node-lost' : 'node-lost, from an agent'));
      return;
    }
    const isLost = from !== HOME && node.heardLost.has(from);
    for (const item of message.items) {
      const name = from === HOME ? this.#fromHome(node, message.kind, item) : this.#fromAgent(node, from, message.kind, item, isLost);
      this.#saw(node, item.page, name);
    }
  }

  #fromHome(node: WorldNode, kind: PageMessage['kind'], item: PageMessage['items'][number]): string {
    const known = this.#known(node, item.page);
    switch (kind) {
      case 'grant':
        // The kind of a message is that of its items.
        return grantName(item as GrantItem, known);
      case 'refused':
        return 'id' in item && item.id === known.request?.id ? 'refused' : 'refused, an ended request';
      case 'supply':
      case 'downgrade':
        return 'version' in item && item.version === known.held ? kind : `${kind}, another version`;
      case 'transfer':
        if ('version' in item && item.version !== known.held) return 'transfer, another version';
        return 'keep' in item && item.keep ? 'transfer, keep' : 'transfer';
      case 'invalidate':
        return 'keep' in item && item.keep ? 'invalidate, keep' : 'invalidate';
      case 'settled':
        return 'version' in item && item.version > (known.held ?? 0) ? 'settled, a later version' : 'settled, the version held';
      case 'released':
      case 'query':
        return kind;
      default:
        return `${kind}, from the home`;
    }
  }

  #fromAgent(node: WorldNode, _from: Incarnation, kind: PageMessage['kind'], item: PageMessage['items'][number], isLost: boolean): string {
    if (kind !== 'page' && kind !== 'invalidated') return `${kind}, from an agent`;
    if (isLost) return `${kind}, from a lost node`;
    return 'id' in item && item.id === this.#known(node, item.page).request?.id ? kind : `${kind}, an ended request`;
  }
}

function grantName(item: GrantItem, { request }: Known): string {
  if (item.id !== request?.id) return 'grant of an ended request';
  if (item.right !== request.right) return 'grant of the other right';
  if (item.source === 'own') return 'grant of the own copy';
  if (item.source === 'peer') return 'grant, bytes from a peer';
  if (item.content === undefined) return 'grant whose bytes are missing';
  return item.ackers.length > 0 ? 'grant with bytes, an ack awaited' : 'grant with bytes';
}
