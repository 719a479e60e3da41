import {
  type Atomic,
  applyAtomic,
  atomicWrites,
  decodeMessage,
  encodeMessage,
  incarnation,
  limits,
  type Message,
  type Millis,
  millis,
  PagewireError,
  type Performed,
  pageSlices,
  type RegionAtomics,
  type RegionId,
  type RegionOptions,
  type RegionRecord,
  type ReplyMessage,
  type Right,
  regionId,
  version,
} from '@pagewire/protocol';
import type { Attributes, Link, LinkEnd, LinkHandlers } from '@pagewire/transport';
import type { NodeState, ServedRegion, ServiceHost } from '../src/service-host.js';

/** One access that waits for its pages. */
interface Waiting {
  readonly pages: readonly number[];
  readonly right: Right;
  readonly run: () => void;
}

/** A region whose pages come and go as the test says. Every page is exclusive until told otherwise. Accesses wait in order, as in the pager. */
export class TestRegion implements ServedRegion {
  readonly id: RegionId;
  readonly name: string;
  readonly bytes: number;
  readonly pageBytes: number;
  readonly memory: Uint8Array;
  /** By when each access that waits was to have its pages. */
  readonly deadlines: Millis[] = [];
  /** Operations in the order in which they took effect. */
  readonly effects: string[] = [];
  /** What every access fails with, when set. */
  failure: unknown;
  #serial = 0;
  readonly #rights = new Map<number, Right | 'none'>();
  #waiting: Waiting[] = [];

  constructor(record: RegionRecord) {
    this.id = record.region;
    this.name = record.name;
    this.bytes = record.bytes;
    this.pageBytes = record.pageBytes;
    this.memory = new Uint8Array(record.bytes);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  setRight(page: number, right: Right | 'none'): void {
    this.#rights.set(page, right);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const access of waiting) {
      if (this.#permits(access)) access.run();
      else this.#waiting.push(access);
    }
  }

  read(offset: number, length: number, deadline?: Millis, performed?: Performed): Promise<Uint8Array> {
    if (deadline !== undefined) this.deadlines.push(deadline);
    return this.#access(offset, length, 'readonly', () => {
      this.effects.push(`read ${offset}`);
      this.#witness(performed);
      return this.memory.slice(offset, offset + length);
    });
  }

  write(offset: number, bytes: Uint8Array, _deadline?: Millis, performed?: Performed): Promise<void> {
    const own = bytes.slice();
    return this.#access(offset, bytes.length, 'exclusive', () => {
      this.effects.push(`write ${offset}`);
      this.#witness(performed);
      this.memory.set(own, offset);
    });
  }

  operate(offset: number, atomic: Atomic, _deadline?: Millis, performed?: Performed): Promise<number | bigint> {
    return this.#access(offset, 1, atomicWrites(atomic.op) ? 'exclusive' : 'readonly', () => {
      this.effects.push(`${atomic.op} ${offset}`);
      this.#witness(performed);
      return applyAtomic(this.memory, offset, atomic);
    });
  }

  get atomics(): RegionAtomics {
    throw new Error('the service does not use it');
  }

  #witness(performed: Performed | undefined): void {
    this.#serial += 1;
    performed?.({ incarnation: incarnation(7), version: version(3), serial: this.#serial });
  }

  #permits(access: Waiting): boolean {
    const enough = (right: Right | 'none') => right === 'exclusive' || right === access.right;
    return access.pages.every((page) => enough(this.#rights.get(page) ?? 'exclusive'));
  }

  #access<T>(offset: number, length: number, right: Right, effect: () => T): Promise<T> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve) => {
      const pages = pageSlices(this.pageBytes, offset, length).map((slice) => slice.index);
      const access = { pages, right, run: () => resolve(effect()) };
      if (this.#permits(access)) access.run();
      else this.#waiting.push(access);
    });
  }
}

/** A node without a cluster: its regions are made on first use. */
export class TestHost implements ServiceHost {
  readonly name = 'n1';
  state: NodeState = 'live';
  faultTimeoutMs: number = limits.faultTimeoutMs;
  /** Regions that the coordinator was asked for, by the number to go on after. */
  readonly listed: (RegionId | undefined)[] = [];
  /** What answers wait for. */
  exposure: Promise<void> | undefined;
  statusJson = '{"name":"n1"}';
  readonly regions = new Map<string, TestRegion>();
  readonly #listeners = new Set<(region: RegionId) => void>();
  #nextRegion = 1;

  now(): Millis {
    return millis(performance.now());
  }

  async openRegion(name: string, options: RegionOptions): Promise<TestRegion> {
    const known = this.regions.get(name);
    if (known !== undefined) return known;
    if (options.bytes === undefined) throw new PagewireError('no-such-region', `region "${name}" does not exist`);
    return this.create(name, options.bytes, options.pageBytes ?? 4096);
  }

  create(name: string, bytes: number, pageBytes: number): TestRegion {
    const region = new TestRegion({ region: regionId(this.#nextRegion++), name, bytes, pageBytes });
    this.regions.set(name, region);
    return region;
  }

  async deleteRegion(name: string): Promise<void> {
    const region = this.regions.get(name);
    if (region === undefined) throw new PagewireError('no-such-region', `region "${name}" does not exist`);
    this.regions.delete(name);
    for (const listener of this.#listeners) listener(region.id);
  }

  async listRegions(after: RegionId | undefined): Promise<readonly RegionRecord[]> {
    this.listed.push(after);
    const records = [...this.regions.values()].map(({ id, name, bytes, pageBytes }) => ({ region: id, name, bytes, pageBytes }));
    return records.filter(({ region }) => region > (after ?? 0)).slice(0, limits.maxRegionsPerList);
  }

  regionById(id: RegionId): TestRegion | undefined {
    return [...this.regions.values()].find((region) => region.id === id);
  }

  exposed(): Promise<void> | undefined {
    return this.exposure;
  }

  status(): string {
    return this.statusJson;
  }

  onRegionDeleted(listener: (region: RegionId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The node's end of a link whose other end is the test. */
export class TestLink implements Link {
  readonly peer: Attributes = { role: 'client' };
  readonly transport = 'memory';
  bufferedBytes = 0;
  /** Messages, but for the answer to `open`. */
  received: Message[] = [];
  readonly raw: Uint8Array[] = [];
  readonly congested = false;
  end: LinkEnd | undefined;
  handlers: LinkHandlers | undefined;

  get state(): Link['state'] {
    return this.end === undefined ? 'open' : 'closed';
  }

  send(parts: readonly Uint8Array[]): void {
    const bytes = Buffer.concat(parts);
    const decoded = decodeMessage(bytes);
    this.raw.push(bytes);
    if (!decoded.ok) throw new Error(`the service sent what cannot be decoded: ${decoded.reason}`);
    this.received.push(decoded.message);
  }

  pause(): void {}

  resume(): void {}

  async close(reason = ''): Promise<void> {
    this.destroy({ code: 'closed', reason });
  }

  destroy(end: LinkEnd = { code: 'closed', reason: '' }): void {
    if (this.end !== undefined) return;
    this.end = end;
    setImmediate(() => this.handlers?.closed(end));
  }

  /** The client sends bytes. They are valid only during the call, as the contract has it. */
  feed(bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.handlers?.envelope(copy);
    copy.fill(0xee);
  }

  /** Opens a region, so that its operations are served, and forgets the answer. */
  async open(name: string): Promise<void> {
    const heard = this.received;
    this.received = [];
    this.ask({ kind: 'open-region', id: 0, name });
    while (this.received.length === 0) await Promise.resolve();
    this.received = heard;
  }

  ask(message: Message): void {
    this.feed(Buffer.concat(encodeMessage(message)));
  }

  reply(id: number): ReplyMessage | undefined {
    return this.received.find((message): message is ReplyMessage => 'id' in message && message.id === id);
  }

  /** Ids of the requests answered so far, in order. */
  get answered(): number[] {
    return this.received.flatMap((message) => ('id' in message && typeof message.id === 'number' ? [message.id] : []));
  }
}
