import {
  Agent,
  decodeMessage,
  encodeMessage,
  HOME,
  Home,
  type HomeInput,
  type Incarnation,
  incarnation,
  limits,
  type Message,
  type Millis,
  millis,
  type PageMessage,
  type Peer,
  type RegionRecord,
  regionId,
} from '@pagewire/protocol';
import type { ChosenMemory } from '../src/choose-memory.js';
import { PagedRegion } from '../src/paged-region.js';
import { Pager } from '../src/pager.js';
import { RegionHandle } from '../src/region-handle.js';
import { AddressWaits } from '../src/sync/address-waits.js';
import { BegunWrites } from '../src/sync/begun-writes.js';
import { SyncRequests } from '../src/sync/sync-requests.js';
import { describeEachMemory, type MemoryUnderTest, software } from './memories.js';

export const faultTimeoutMs = 1000;
/** The pages of a world in software memory. */
export const { pageBytes } = software;

/** One node of a world: a pager with a real agent, and a handle of the world's region. */
export interface WorldNode {
  readonly id: Incarnation;
  readonly pager: Pager;
  readonly paged: PagedRegion;
  readonly region: RegionHandle;
  readonly memory: ChosenMemory;
  readonly violations: string[];
  /** When the lease ends; the world moves it, a test may. */
  leaseEndsAt: number;
}

export interface WorldOptions {
  readonly nodes: number;
  readonly pages: number;
  readonly windowPages?: number;
  /** What each node has of its own; default software memory. */
  readonly memory?: MemoryUnderTest;
}

interface Parcel {
  readonly from: Peer;
  readonly to: Peer;
  readonly bytes: Uint8Array;
}

/**
 * Pagers, real agents and a real home joined in memory, without sockets or timers: messages pass through the codec and wait until the test
 * delivers them; time stands still until the test moves it.
 */
export class PagerWorld {
  readonly pageBytes: number;
  readonly home = new Home();
  readonly nodes: WorldNode[] = [];
  readonly record: RegionRecord;
  now = millis(1);
  /** Kinds of messages that are kept back, as by a slow link. */
  readonly heldBack = new Set<string>();
  /** Pages that were asked for, each as often as it was. */
  acquired = 0;
  /** Hears of each message when it is sent. */
  onSend: (kind: string) => void = () => {};
  #parcels: Parcel[] = [];

  constructor({ nodes, pages, windowPages, memory = software }: WorldOptions) {
    const { pageBytes } = memory;
    this.pageBytes = pageBytes;
    this.record = { region: regionId(1), name: 'world', bytes: pages * pageBytes, pageBytes };
    this.#tellHome({ kind: 'region-created', region: this.record.region, pageCount: pages, pageBytes });
    const windowBytes = windowPages === undefined ? limits.windowBytes : windowPages * pageBytes;
    for (let number = 1; number <= nodes; number++) this.#addNode(incarnation(number), memory.open(), windowBytes);
  }

  node(index: number): WorldNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`the world has ${this.nodes.length} nodes`);
    return node;
  }

  /** Messages of `kind` that wait. */
  inFlight(kind: string): number {
    return this.#parcels.filter(({ bytes }) => decode(bytes).kind === kind).length;
  }

  /** Delivers messages, first in first out for each pair, until none is left that may pass. */
  async deliver(): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#arrive(next);
      // What was resolved by the message goes on before the next one comes.
      await Promise.resolve();
    }
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }

  /** Delivers the oldest message of `kind`. */
  deliverOne(kind: string): void {
    const at = this.#parcels.findIndex(({ bytes }) => decode(bytes).kind === kind);
    for (const parcel of this.#parcels.splice(at, 1)) this.#arrive(parcel);
  }

  /** Delivers everything in one turn of the event loop: no promise goes on in between. */
  deliverAtOnce(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#arrive(next);
  }

  /** Delivers until `promise` has ended, and gives its outcome. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => {});
    let ended = false;
    const end = promise.then(
      () => {
        ended = true;
      },
      () => {
        ended = true;
      },
    );
    for (let rounds = 0; !ended && rounds < 10_000; rounds++) await this.deliver();
    if (!ended) throw new Error('the promise waits for something that no message brings');
    await end;
    return promise;
  }

  /** Lets time pass and everybody notice. */
  pass(ms: number): void {
    this.now = millis(this.now + ms);
    this.#tellHome({ kind: 'tick' });
    for (const node of this.nodes) node.pager.tick();
  }

  /** A life of the node begins, as after a join. */
  begin(node: WorldNode): void {
    this.#tellHome({ kind: 'member-joined', member: node.id });
    node.pager.begin(new Agent(), node.id);
  }

  /** The node's lease has ended, as the home sees it. */
  loses(node: WorldNode): void {
    this.#tellHome({ kind: 'member-lost', member: node.id });
  }

  #addNode(id: Incarnation, memory: ChosenMemory, windowBytes: number): void {
    const violations: string[] = [];
    const pager = new Pager(
      {
        now: () => this.now,
        leaseHolds: (now) => this.#leaseHolds(node, now),
        send: (to, message, frames) => {
          this.onSend(message.kind);
          const bytes = Buffer.concat(encodeMessage(message, frames));
          if (message.kind === 'acquire') this.acquired += message.items.length;
          this.#parcels.push({ from: id, to, bytes });
        },
        violated: (_from, what) => violations.push(what),
        broken: () => pager.end({ code: 'fenced', message: `node ${id} has a bug` }),
      },
      windowBytes,
    );
    const paged = new PagedRegion(this.record, memory.allocate(this.record));
    pager.addRegion(paged);
    const region = new RegionHandle(paged, {
      pager,
      faultTimeoutMs,
      waits: noWaits(pager),
      begunWrites: new BegunWrites(),
      closed: async () => {},
    });
    const node: WorldNode = { id, pager, paged, region, memory, violations, leaseEndsAt: Number.POSITIVE_INFINITY };
    this.nodes.push(node);
    this.begin(node);
  }

  #leaseHolds(node: WorldNode, now: Millis): boolean {
    if (now < node.leaseEndsAt) return true;
    node.pager.end({ code: 'fenced', message: `node ${node.id} was fenced` });
    return false;
  }

  #tellHome(input: HomeInput): void {
    for (const effect of this.home.step(this.now, input)) {
      if (effect.kind === 'violation') throw new Error(`the home was wronged: ${effect.what}`);
      if (effect.kind === 'send') this.#parcels.push({ from: HOME, to: effect.to, bytes: Buffer.concat(encodeMessage(effect.message)) });
    }
  }

  #next(): Parcel | undefined {
    const blocked = new Set<string>();
    for (const [at, parcel] of this.#parcels.entries()) {
      const pair = `${parcel.from} ${parcel.to}`;
      if (this.heldBack.has(decode(parcel.bytes).kind)) blocked.add(pair);
      if (blocked.has(pair)) continue;
      this.#parcels.splice(at, 1);
      return parcel;
    }
    return undefined;
  }

  #arrive({ from, to, bytes }: Parcel): void {
    const message = decode(bytes);
    if (to === HOME) {
      if (from !== HOME) this.#tellHome({ kind: 'message', from, message });
    } else {
      this.nodes.find((node) => node.id === to)?.pager.message(from, message);
    }
  }
}

/** The same tests of worlds over every kind of memory. */
export function describeEachWorld(what: string, tests: (given: EachWorld) => void): void {
  describeEachMemory(what, (memory) =>
    tests({ pageBytes: memory.pageBytes, worldOf: (options) => new PagerWorld({ memory, ...options }) }),
  );
}

export interface EachWorld {
  readonly pageBytes: number;
  worldOf(options: Omit<WorldOptions, 'memory'>): PagerWorld;
}

function decode(bytes: Uint8Array): PageMessage {
  const decoded = decodeMessage(bytes);
  if (!decoded.ok) throw new Error(decoded.reason);
  // Nothing but messages about pages is ever put into a parcel.
  return decoded.message as Extract<Message, PageMessage>;
}

/** The worlds of pagers have no table of synchronization objects. */
function noWaits(pager: Pager): AddressWaits {
  const guard = (work: () => void): void => work();
  const requests = new SyncRequests({
    admit: () => void pager.admit(),
    written: () => undefined,
    exposed: () => pager.exposed(),
    send: () => {},
    guard,
  });
  return new AddressWaits({ requests, pager, faultTimeoutMs, guard, heldAt: () => undefined });
}
