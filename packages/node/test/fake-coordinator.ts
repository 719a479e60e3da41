import {
  type CoherenceMessage,
  decodeMessage,
  encodeMessage,
  Home,
  type HomeInput,
  type Incarnation,
  incarnation,
  type Member,
  type Message,
  millis,
  type RegionRecord,
  regionId,
  type SyncInput,
  type SyncRequest,
  SyncTable,
} from '@pagewire/protocol';
import { type Link, type Listener, listen } from '@pagewire/transport';

interface Seat {
  readonly member: Member;
  readonly link: Link;
}

/**
 * As much of a coordinator as a node can see: a real home behind a real listener, members without judgement of leases, regions by name.
 * A test decides what goes wrong.
 */
export class FakeCoordinator implements AsyncDisposable {
  readonly home = new Home();
  readonly table = new SyncTable();
  /** Set to false and requests about synchronization wait for `takeRequests`. */
  takesRequests = true;
  /** Requests that wait, in order. */
  readonly untakenRequests: { readonly from: Incarnation; readonly message: SyncRequest }[] = [];
  readonly seats = new Map<Incarnation, Seat>();
  readonly regions = new Map<string, RegionRecord>();
  readonly suspicions: Incarnation[] = [];
  readonly left: Incarnation[] = [];
  /** Set to false and renewals are not answered. */
  renews = true;
  leaseMs = 3000;
  /** How long joins are said to have waited. */
  waitedMs = 0;
  /** Called when a join has arrived, before it is answered. */
  onJoin: () => void = () => {};
  cluster = 'c1';
  /** Renewals that came, from all nodes. */
  renewals = 0;
  /** Set to false and what nodes give back waits for `takeReleases`. */
  takesReleases = true;
  /** Set to false and exclusive grants are not confirmed before `takeReleases`. */
  takesAcquired = true;
  /** Releases, and words of grants installed, that wait. */
  readonly untaken: { readonly from: Incarnation; readonly message: CoherenceMessage }[] = [];
  /** Called when the answer to an open-region was sent: what it sends travels in the same write. */
  afterOpen: (record: RegionRecord) => void = () => {};
  #listener: Listener | undefined;
  #next = 1;
  #regionIds = 1;

  static async start(): Promise<FakeCoordinator> {
    const coordinator = new FakeCoordinator();
    coordinator.#listener = await listen({
      host: '127.0.0.1',
      port: 0,
      accept: (_peer, link) => ({
        attributes: {},
        handlers: { envelope: (bytes) => coordinator.#envelope(link, bytes), closed: () => {} },
      }),
    });
    return coordinator;
  }

  get url(): string {
    return this.#listener?.url('ws') ?? '';
  }

  send(to: Incarnation, message: Message): void {
    this.seats.get(to)?.link.send(encodeMessage(message));
  }

  takeReleases(): void {
    this.takesReleases = true;
    this.takesAcquired = true;
    for (const { from, message } of this.untaken.splice(0)) this.#tellHome({ kind: 'message', from, message });
  }

  /** Strikes a member off, as when its lease has ended. */
  lose(member: Incarnation, { left } = { left: false }): void {
    this.seats.delete(member);
    for (const other of this.seats.keys()) this.send(other, { kind: 'node-lost', member });
    this.#tellHome({ kind: 'member-lost', member });
    this.#tellTable({ kind: 'member-lost', member, left });
    this.#announce();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener?.close();
  }

  #envelope(link: Link, bytes: Uint8Array): void {
    // A release may be kept for longer than its envelope.
    const decoded = decodeMessage(bytes.slice());
    if (!decoded.ok) throw new Error(decoded.reason);
    const { message } = decoded;
    if (message.kind === 'join') return this.#join(link, message);
    const from = [...this.seats.values()].find((seat) => seat.link === link)?.member.incarnation;
    if (from !== undefined) this.#take(from, link, message);
  }

  #join(link: Link, { name, urls, previous }: Extract<Message, { kind: 'join' }>): void {
    this.onJoin();
    if (previous !== undefined && this.seats.has(previous)) this.lose(previous);
    if ([...this.seats.values()].some(({ member }) => member.name === name)) {
      link.send(encodeMessage({ kind: 'failed', id: 0, code: 'name-taken', message: `a live node is named "${name}"` }));
      return;
    }
    const number = incarnation(this.#next++);
    this.seats.set(number, { member: { incarnation: number, name, urls }, link });
    this.#tellHome({ kind: 'member-joined', member: number });
    this.#tellTable({ kind: 'member-joined', member: number });
    const { cluster, leaseMs, waitedMs } = this;
    this.send(number, { kind: 'joined', cluster, incarnation: number, leaseMs, renewEveryMs: 50, waitedMs });
    this.#announce();
  }

  #announce(): void {
    const members = Array.from(this.seats.values(), ({ member }) => member);
    for (const number of this.seats.keys()) this.send(number, { kind: 'members', epoch: this.#next, members });
  }

  #take(from: Incarnation, link: Link, message: Message): void {
    switch (message.kind) {
      case 'renew':
        this.renewals += 1;
        if (this.renews) this.send(from, { kind: 'renewed', sentAt: message.sentAt });
        return;
      case 'leave':
        this.left.push(from);
        this.lose(from, { left: true });
        return link.send(encodeMessage({ kind: 'left' }));
      case 'suspect':
        this.suspicions.push(message.member);
        return;
      case 'open-region':
        return this.#open(from, message);
      case 'delete-region': {
        const record = this.regions.get(message.name);
        this.regions.delete(message.name);
        if (record === undefined) return this.send(from, { kind: 'failed', id: message.id, code: 'no-such-region', message: 'none' });
        this.#tellHome({ kind: 'region-deleted', region: record.region });
        for (const member of this.seats.keys()) this.send(member, { kind: 'region-deleted', region: record.region });
        this.#tellTable({ kind: 'region-deleted', region: record.region });
        return this.send(from, { kind: 'deleted', id: message.id });
      }
      case 'release':
        if (this.takesReleases) return this.#tellHome({ kind: 'message', from, message });
        this.untaken.push({ from, message });
        return;
      case 'acquired':
        if (this.takesAcquired) return this.#tellHome({ kind: 'message', from, message });
        this.untaken.push({ from, message });
        return;
      case 'lock':
      case 'take-permits':
      case 'give-back':
      case 'arrive':
      case 'wait':
      case 'notify':
      case 'cancel':
        if (this.takesRequests) return this.#request(from, message);
        this.untakenRequests.push({ from, message });
        return;
      case 'list-regions':
        return this.send(from, { kind: 'regions-listed', id: message.id, records: [...this.regions.values()] });
      default:
        // What is neither membership nor a question is about pages.
        this.#tellHome({ kind: 'message', from, message: message as CoherenceMessage });
    }
  }

  #open(from: Incarnation, { id, name, bytes, pageBytes = 4096 }: Extract<Message, { kind: 'open-region' }>): void {
    let record = this.regions.get(name);
    if (record === undefined && bytes === undefined) {
      return this.send(from, { kind: 'failed', id, code: 'no-such-region', message: `there is no region "${name}"` });
    }
    if (record === undefined) {
      record = { region: regionId(this.#regionIds++), name, bytes: Math.ceil((bytes ?? 0) / pageBytes) * pageBytes, pageBytes };
      this.regions.set(name, record);
      this.#tellHome({ kind: 'region-created', region: record.region, pageCount: record.bytes / pageBytes, pageBytes });
    }
    this.send(from, { kind: 'region-opened', id, record });
    this.afterOpen(record);
  }

  takeRequests(): void {
    this.takesRequests = true;
    for (const { from, message } of this.untakenRequests.splice(0)) this.#request(from, message);
  }

  #request(from: Incarnation, message: SyncRequest): void {
    if (message.kind !== 'wait' && message.kind !== 'notify') return this.#tellTable({ kind: 'message', from, message });
    this.#tellTable({ kind: 'address-message', from, message, standing: this.home.standingOf(message.page) });
  }

  #tellTable(input: SyncInput): void {
    for (const effect of this.table.step(millis(performance.now()), input)) {
      if (effect.kind === 'violation') throw new Error(`the table was wronged: ${effect.what}`);
      if (effect.kind === 'send') this.send(effect.to, effect.message);
    }
  }

  #tellHome(input: HomeInput): void {
    for (const effect of this.home.step(millis(performance.now()), input)) {
      if (effect.kind === 'violation') throw new Error(`the home was wronged: ${effect.what}`);
      if (effect.kind === 'send') this.send(effect.to, effect.message);
    }
  }
}
