import {
  Agent,
  type AgentEffect,
  type CoherenceMessage,
  type Content,
  HOME,
  Home,
  type HomeEffect,
  type HomeOptions,
  type Incarnation,
  incarnation,
  millis,
  type PageId,
  type PageMessage,
  type Peer,
  pageId,
  type RegionDeleted,
  type Right,
  regionId,
  type SyncEffect,
  type SyncInput,
  type SyncReply,
  type SyncRequest,
  SyncTable,
} from '../../src/index.js';

/** Pages of the world are tiny: one number is all that a checker needs to see. */
export const WORLD_PAGE_BYTES = 8;
export const REGION = regionId(1);
export const worldPage = (index: number): PageId => pageId(REGION, index);

interface Frame {
  value: number;
  right: Right | 'none';
  readonly snapshots: Map<number, number>;
}

/** One node: the real agent, and the simplest memory that can perform its effects. */
export class WorldNode {
  readonly agent = new Agent();
  readonly frames = new Map<PageId, Frame>();
  alive = true;
  constructor(readonly id: Incarnation) {
    this.agent.step(millis(0), { kind: 'region-opened', region: REGION, pageBytes: WORLD_PAGE_BYTES });
  }

  frame(page: PageId): Frame {
    let frame = this.frames.get(page);
    if (frame === undefined) {
      frame = { value: 0, right: 'none', snapshots: new Map() };
      this.frames.set(page, frame);
    }
    return frame;
  }
}

export type Place = Incarnation | typeof HOME;
export interface Flight {
  readonly from: Place;
  readonly to: Place;
  readonly message: CoherenceMessage | RegionDeleted | SyncRequest | SyncReply;
}

/** What a world tells whoever watches it. */
export interface WorldEvents {
  agentEffect?(node: WorldNode, effect: AgentEffect): void;
  homeEffect?(effect: HomeEffect): void;
  tableEffect?(effect: SyncEffect): void;
  /** The table has answered a request of `node`. */
  replied?(node: WorldNode, reply: SyncReply): void;
  sent?(flight: Flight): void;
}

const encode = (value: number): Content => {
  if (value === 0) return 'zero';
  const bytes = new Uint8Array(WORLD_PAGE_BYTES);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
};
export const decode = (content: Content): number =>
  content instanceof Uint8Array ? new DataView(content.buffer, content.byteOffset).getInt32(0, true) : 0;

/**
 * A cluster of real machines in one process, joined by first-in first-out queues that deliver only when told: every interleaving of
 * messages, accesses and deaths can be played by hand or drawn at random.
 */
export class World {
  readonly home: Home;
  readonly table = new SyncTable();
  readonly nodes = new Map<Incarnation, WorldNode>();
  readonly links = new Map<string, Flight[]>();
  now = millis(0);

  constructor(
    readonly pageCount: number,
    readonly events: WorldEvents = {},
    options: HomeOptions = {},
  ) {
    this.home = new Home(options);
    this.home.step(this.now, { kind: 'region-created', region: REGION, pageCount, pageBytes: WORLD_PAGE_BYTES });
  }

  join(n: number): WorldNode {
    const node = new WorldNode(incarnation(n));
    this.nodes.set(node.id, node);
    this.toHome({ kind: 'member-joined', member: node.id });
    this.toTable({ kind: 'member-joined', member: node.id });
    return node;
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
  deleteRegion(): void {
    this.toHome({ kind: 'region-deleted', region: REGION });
    for (const node of this.nodes.values()) {
      if (node.alive) this.#send({ from: HOME, to: node.id, message: { kind: 'region-deleted', region: REGION } });
    }
    this.toTable({ kind: 'region-deleted', region: REGION });
  }

  toHome(input: Parameters<Home['step']>[1]): void {
    for (const effect of this.home.step(this.now, input)) {
      this.events.homeEffect?.(effect);
      if (effect.kind === 'send') this.#send({ from: HOME, to: effect.to, message: effect.message });
    }
  }

  toTable(input: SyncInput): void {
    for (const effect of this.table.step(this.now, input)) {
      this.events.tableEffect?.(effect);
      if (effect.kind === 'send') this.#send({ from: HOME, to: effect.to, message: effect.message });
    }
  }

  /** A node asks for something about synchronization, over its link to the home. */
  request(node: WorldNode, message: SyncRequest): void {
    this.#send({ from: node.id, to: HOME, message });
  }

  toAgent(node: WorldNode, input: Parameters<Agent['step']>[1]): void {
    for (const effect of node.agent.step(this.now, input)) {
      this.#perform(node, effect);
      this.events.agentEffect?.(node, effect);
    }
  }

  /** Delivers the oldest message between two places; false if there is none. */
  deliver(from: Place, to: Place): Flight | undefined {
    const flight = this.links.get(`${from}>${to}`)?.shift();
    if (flight === undefined) return undefined;
    this.#arrive(flight);
    return flight;
  }

  #arrive({ from, to, message }: Flight): void {
    if (to === HOME) {
      if (from !== HOME) this.#arriveHome(from, message);
      return;
    }
    const node = this.nodes.get(to);
    if (node?.alive !== true) return;
    if (isSyncReply(message)) this.events.replied?.(node, message);
    else if (message.kind === 'region-deleted') this.toAgent(node, message);
    else if (!isSyncRequest(message)) this.toAgent(node, { kind: 'message', from, message });
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
    for (let next = this.busyLinks()[0]; next !== undefined; next = this.busyLinks()[0]) this.deliver(next[0], next[1]);
  }

  #send(flight: Flight): void {
    const key = `${flight.from}>${flight.to}`;
    const queue = this.links.get(key);
    if (queue === undefined) this.links.set(key, [flight]);
    else queue.push(flight);
    this.events.sent?.(flight);
  }

  #perform(node: WorldNode, effect: AgentEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send({ from: node.id, to: effect.to satisfies Peer, message: resolveFrames(node, effect.message) });
        return;
      case 'stage':
        node.frame(effect.page).value = decode(effect.content);
        return;
      case 'permit':
        node.frame(effect.page).right = effect.right;
        return;
      case 'protect':
        node.frame(effect.page).right = 'readonly';
        return;
      case 'revoke':
        node.frame(effect.page).right = 'none';
        return;
      case 'snapshot': {
        const frame = node.frame(effect.page);
        frame.snapshots.set(effect.snapshot, frame.value);
        return;
      }
      case 'forget':
        // Garbage, so that a use after this is seen.
        node.frame(effect.page).value = -1;
        return;
      default:
        return;
    }
  }
}

const requestKinds: readonly string[] = [
  'lock',
  'take-permits',
  'give-back',
  'arrive',
  'wait',
  'notify',
  'cancel',
] satisfies SyncRequest['kind'][];
const replyKinds: readonly string[] = [
  'obtained',
  'given-back',
  'passed',
  'waiting',
  'look-again',
  'woken',
  'notified',
  'cancelled',
  'denied',
] satisfies SyncReply['kind'][];
export const isSyncRequest = (message: Flight['message']): message is SyncRequest => requestKinds.includes(message.kind);
export const isSyncReply = (message: Flight['message']): message is SyncReply => replyKinds.includes(message.kind);

/** Puts the bytes of frames into a message, as a driver does when it encodes one. */
function resolveFrames(node: WorldNode, message: PageMessage): PageMessage {
  const items = message.items.map((item) => {
    if (!('content' in item) || typeof item.content !== 'object' || !('frame' in item.content)) return item;
    const frame = node.frame(item.content.frame);
    const { snapshot } = item.content;
    if (snapshot === undefined) return { ...item, content: encode(frame.value) };
    const value = frame.snapshots.get(snapshot);
    if (value === undefined) throw new Error(`snapshot ${snapshot} was never taken`);
    frame.snapshots.delete(snapshot);
    return { ...item, content: encode(value) };
  });
  // Only the content of each item was replaced, by content.
  return { kind: message.kind, items } as PageMessage;
}
