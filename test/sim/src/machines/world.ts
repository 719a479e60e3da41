import {
  type AgentInput,
  HOME,
  Home,
  type HomeInput,
  type HomeOptions,
  type Incarnation,
  incarnation,
  millis,
  type PageMessage,
  type Peer,
  type RegionId,
  type SyncInput,
  type SyncReply,
  type SyncRequest,
  SyncTable,
} from '@pagewire/protocol';
import { RuleBroken } from './rule-broken.js';
import type { Flight, Place, WorldEvents } from './world-events.js';
import { REGION, WORLD_PAGE_BYTES, WorldNode } from './world-node.js';

/** More messages than any run can need to come to rest: beyond, the machines talk in circles. */
const MOST_DELIVERIES_TO_SETTLE = 100_000;

/**
 * A cluster of real machines in one process, joined by first-in first-out queues that deliver only when told: every interleaving of
 * messages, accesses and deaths can be played by hand or drawn at random.
 */
export class World {
  readonly home: Home;
  readonly table = new SyncTable();
  readonly nodes = new Map<Incarnation, WorldNode>();
  readonly links = new Map<string, Flight[]>();
  /** Regions that exist, with the number of their pages. */
  readonly regions = new Map<RegionId, number>();
  /** Lives that were declared lost, or have left. */
  readonly lost = new Set<Incarnation>();
  now = millis(0);
  /** Steps of machines so far. */
  steps = 0;

  constructor(
    readonly pageCount: number,
    readonly events: WorldEvents = {},
    options: HomeOptions = {},
  ) {
    this.home = new Home(options);
    this.regions.set(REGION, pageCount);
    // Not told to those who watch: they may not be ready before the world is there.
    this.home.step(this.now, { kind: 'region-created', region: REGION, pageCount, pageBytes: WORLD_PAGE_BYTES });
  }

  createRegion(region: RegionId, pageCount: number): void {
    this.regions.set(region, pageCount);
    this.toHome({ kind: 'region-created', region, pageCount, pageBytes: WORLD_PAGE_BYTES });
  }

  join(n: number): WorldNode {
    const node = new WorldNode(incarnation(n));
    this.nodes.set(node.id, node);
    this.toHome({ kind: 'member-joined', member: node.id });
    this.toTable({ kind: 'member-joined', member: node.id });
    return node;
  }

  /** The node may name pages of the region from now on. */
  open(node: WorldNode, region: RegionId): void {
    if (node.regions.has(region)) return;
    node.regions.add(region);
    this.toAgent(node, { kind: 'region-opened', region, pageBytes: WORLD_PAGE_BYTES });
  }

  node(n: number): WorldNode {
    const node = this.nodes.get(incarnation(n));
    if (node === undefined) throw new Error(`node ${n} has not joined`);
    return node;
  }

  /** The node stops at once. What it sent is still on its way. */
  crash(n: number): void {
    this.node(n).alive = false;
  }

  /** The dead node's lease has ended. */
  declareLost(n: number, { left }: { readonly left: boolean } = { left: false }): void {
    const member = incarnation(n);
    for (const node of this.nodes.values()) {
      if (node.alive) this.#send({ from: HOME, to: node.id, message: { kind: 'node-lost', member } });
    }
    this.toHome({ kind: 'member-lost', member });
    this.lost.add(member);
    this.toTable({ kind: 'member-lost', member, left });
  }

  /** The node has left in good order; with `cut`, what it told its peers and they have not read is gone with their links. */
  leave(n: number, { cut }: { readonly cut: boolean }): void {
    const { id } = this.node(n);
    this.crash(n);
    for (const [key, queue] of this.links) if (cut && queue[0]?.from === id) this.links.delete(key);
    this.declareLost(n, { left: true });
  }

  isOnItsWay(from: Place, to: Place): boolean {
    return (this.links.get(`${from}>${to}`)?.length ?? 0) > 0;
  }

  /** The region is deleted; its nodes are told behind everything the home has said so far. */
  deleteRegion(region: RegionId = REGION): void {
    this.toHome({ kind: 'region-deleted', region });
    this.regions.delete(region);
    for (const node of this.nodes.values()) {
      if (node.alive) this.#send({ from: HOME, to: node.id, message: { kind: 'region-deleted', region } });
    }
    this.toTable({ kind: 'region-deleted', region });
  }

  toHome(input: HomeInput): void {
    this.steps += 1;
    this.events.beforeHome?.(input);
    for (const effect of this.home.step(this.now, input)) {
      this.events.homeEffect?.(effect);
      if (effect.kind === 'send') this.#send({ from: HOME, to: effect.to, message: copied(effect.message) });
    }
    this.events.afterHome?.(input);
  }

  toTable(input: SyncInput): void {
    this.steps += 1;
    this.events.beforeTable?.(input);
    for (const effect of this.table.step(this.now, input)) {
      this.events.tableEffect?.(effect);
      if (effect.kind === 'send') this.#send({ from: HOME, to: effect.to, message: effect.message });
    }
  }

  /** A node asks for something about synchronization, over its link to the home. */
  request(node: WorldNode, message: SyncRequest): void {
    this.#send({ from: node.id, to: HOME, message });
  }

  toAgent(node: WorldNode, input: AgentInput): void {
    this.steps += 1;
    this.events.beforeAgent?.(node, input);
    for (const effect of node.agent.step(this.now, input)) {
      // An effect may run an access, which steps the agent again, and that may be the end of the node.
      if (!node.alive) return;
      if (node.effectsLeft === 0) {
        this.crash(node.id);
        this.events.diedInStep?.(node);
        return;
      }
      node.effectsLeft -= 1;
      if (effect.kind === 'send') {
        this.#send({ from: node.id, to: effect.to satisfies Peer, message: node.encode(effect.message) });
      } else {
        node.remember(effect);
      }
      this.events.agentEffect?.(node, effect);
    }
    this.events.afterAgent?.(node, input);
  }

  /** Delivers the oldest message between two places; undefined if there is none. */
  deliver(from: Place, to: Place): Flight | undefined {
    const flight = this.links.get(`${from}>${to}`)?.shift();
    if (flight === undefined) return undefined;
    this.#arrive(flight);
    scribble(flight.message);
    return flight;
  }

  #arrive({ from, to, message }: Flight): void {
    if (to === HOME) {
      if (from !== HOME) this.#arriveHome(from, message);
      return;
    }
    const node = this.nodes.get(to);
    if (node?.alive !== true) return;
    if (isSyncReply(message)) {
      this.events.replied?.(node, message);
    } else if (message.kind === 'region-deleted') {
      node.regions.delete(message.region);
      this.toAgent(node, message);
    } else if (!isSyncRequest(message)) {
      if (message.kind === 'node-lost') node.heardLost.add(message.member);
      this.toAgent(node, { kind: 'message', from, message });
    }
  }

  #arriveHome(from: Incarnation, message: Flight['message']): void {
    if (message.kind === 'wait' || message.kind === 'notify') {
      this.toTable({ kind: 'address-message', from, message, standing: this.home.standingOf(message.page) });
    } else if (isSyncRequest(message)) {
      this.toTable({ kind: 'message', from, message });
    } else if (message.kind !== 'region-deleted' && !isSyncReply(message)) {
      this.toHome({ kind: 'message', from, message });
    }
  }

  /** Pairs of places with something on its way, in a fixed order. */
  busyLinks(): readonly (readonly [Place, Place])[] {
    const busy: (readonly [Place, Place])[] = [];
    for (const queue of this.links.values()) {
      const first = queue[0];
      if (first !== undefined) busy.push([first.from, first.to]);
    }
    return busy;
  }

  /** Delivers everything until nothing is on its way. */
  settle(): void {
    let left = MOST_DELIVERIES_TO_SETTLE;
    for (let next = this.#firstBusy(); next !== undefined; next = this.#firstBusy()) {
      this.deliver(next.from, next.to);
      left -= 1;
      if (left === 0) throw new RuleBroken('livelock', `messages are still exchanged after ${MOST_DELIVERIES_TO_SETTLE} of them`);
    }
  }

  #firstBusy(): Flight | undefined {
    for (const queue of this.links.values()) if (queue.length > 0) return queue[0];
    return undefined;
  }

  #send(flight: Flight): void {
    const key = `${flight.from}>${flight.to}`;
    const queue = this.links.get(key);
    if (queue === undefined) this.links.set(key, [flight]);
    else queue.push(flight);
    this.events.sent?.(flight);
  }
}

const requestKinds: ReadonlySet<string> = new Set([
  'lock',
  'take-permits',
  'give-back',
  'arrive',
  'wait',
  'notify',
  'cancel',
] satisfies SyncRequest['kind'][]);
const replyKinds: ReadonlySet<string> = new Set([
  'obtained',
  'given-back',
  'passed',
  'waiting',
  'look-again',
  'woken',
  'notified',
  'cancelled',
  'denied',
] satisfies SyncReply['kind'][]);
export const isSyncRequest = (message: Flight['message']): message is SyncRequest => requestKinds.has(message.kind);
export const isSyncReply = (message: Flight['message']): message is SyncReply => replyKinds.has(message.kind);

/** A driver encodes what the home sends at once, so that the home may go on using its bytes. */
function copied(message: PageMessage): PageMessage {
  const carries = message.kind === 'grant' && message.items.some(({ content }) => content instanceof Uint8Array);
  if (!carries) return message;
  const items = message.items.map((item) => (item.content instanceof Uint8Array ? { ...item, content: item.content.slice() } : item));
  return { kind: 'grant', items };
}

/** Bytes that came in a message are valid during the step that takes it: whoever has kept them without a copy is found out. */
function scribble(message: Flight['message']): void {
  if (!('items' in message)) return;
  for (const item of message.items) if ('content' in item && item.content instanceof Uint8Array) item.content.fill(0xee);
}
