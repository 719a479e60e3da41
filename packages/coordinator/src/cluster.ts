import {
  type ErrorCode,
  type HomeEffect,
  type HomeInput,
  type Incarnation,
  type Message,
  type Millis,
  type NodeCounters,
  type PageId,
  type PageStanding,
  type RegionId,
  type RegionOptions,
  type RegionRecord,
  regionOf,
  type SyncEffect,
  type SyncInput,
  type SyncRequest,
  type SyncTable,
  unreachable,
} from '@pagewire/protocol';
import type { Log } from './log.js';
import type { Membership } from './membership/membership.js';
import type { LinkId, MembershipEffect, MembershipInput } from './membership/membership-io.js';
import { pageCountOf, type Regions } from './regions.js';
import { type ClusterStatus, CounterHistory, type PageCounts, regionStatus } from './status.js';

/** The directory, as the coordinator uses it: `Home` of the protocol. */
export interface Directory {
  step(now: Millis, input: HomeInput): HomeEffect[];
  status(): { readonly pages: PageCounts; readonly storedBytes: number };
  /** Shared pages whose bytes are stored here too. */
  trimmable(): Iterable<PageId>;
  /** Which version of the page is committed, for those that wait on an address of it. */
  standingOf(page: PageId): PageStanding;
}

/** Where the decisions of the machines go. */
export interface ClusterPorts {
  /** Nothing happens for a link that has ended. */
  send(to: readonly LinkId[], message: Message): void;
  /** Tells the peer why and ends the link. */
  turnAway(now: Millis, link: LinkId, code: ErrorCode, reason: string): void;
  /** What only the process knows of itself. */
  describe(): Pick<ClusterStatus, 'version' | 'cluster' | 'uptimeMs' | 'process'>;
  readonly log: Log;
}

export interface ClusterParts {
  readonly membership: Membership;
  readonly regions: Regions;
  readonly home: Directory;
  readonly table: SyncTable;
  /** Page bytes that the home may store before it is asked to drop those that sharers have too. */
  readonly storeBytes: number;
}

/** A sweep that found too little to drop is not repeated sooner: it has looked at every page. */
const sweepPauseMs = 1000;
/** Pages that one sweep drops at most, so that a tick stays short. */
const maxPagesPerSweep = 65_536;

/**
 * The machines of a coordinator, and what each must hear of the others: membership, regions, the directory of pages, and synchronization.
 */
export class Cluster {
  readonly #membership: Membership;
  readonly #regions: Regions;
  readonly #home: Directory;
  readonly #table: SyncTable;
  readonly #storeBytes: number;
  readonly #ports: ClusterPorts;
  readonly #counters = new CounterHistory();
  #pagesLost = 0;
  #sweepAfter = 0;

  constructor({ membership, regions, home, table, storeBytes }: ClusterParts, ports: ClusterPorts) {
    this.#membership = membership;
    this.#regions = regions;
    this.#home = home;
    this.#table = table;
    this.#storeBytes = storeBytes;
    this.#ports = ports;
  }

  tick(now: Millis): void {
    this.tellMembership(now, { kind: 'tick' });
    this.tellHome(now, { kind: 'tick' });
    if (now >= this.#sweepAfter) this.#trim(now);
  }

  /** A renewal of the node behind `link`, with what the node has counted. */
  renew(now: Millis, link: LinkId, renewal: { readonly sentAt: number; readonly counters: NodeCounters }): void {
    const member = this.#membership.memberOf(link);
    if (member !== undefined) this.#counters.record(member, now, renewal.counters);
    this.tellMembership(now, { kind: 'renew', link, sentAt: renewal.sentAt });
  }

  /** Throws a `PagewireError` if the region can be neither opened nor created. */
  openRegion(now: Millis, name: string, options: RegionOptions): RegionRecord {
    const { record, created } = this.#regions.open(name, options);
    if (created) {
      const { region, bytes, pageBytes } = record;
      this.tellHome(now, { kind: 'region-created', region, pageCount: pageCountOf(record), pageBytes });
      this.#ports.log({ level: 'info', event: 'region-created', name, bytes, pageBytes });
    }
    return record;
  }

  /** Throws a `PagewireError` if there is no such region. */
  deleteRegion(now: Millis, name: string): void {
    const { region } = this.#regions.delete(name);
    this.tellHome(now, { kind: 'region-deleted', region });
    this.#ports.send(this.#membership.liveLinks(), { kind: 'region-deleted', region });
    this.#tellTable(now, { kind: 'region-deleted', region });
    this.#ports.log({ level: 'info', event: 'region-deleted', name });
  }

  /** The regions after `after`, as many as one message carries. */
  listRegions(after: RegionId | undefined): RegionRecord[] {
    return this.#regions.page(after);
  }

  status(now: Millis): ClusterStatus {
    const { pages, storedBytes } = this.#home.status();
    return {
      ...this.#ports.describe(),
      epoch: this.#membership.epoch,
      nodes: this.#membership.status(now).map((member) => this.#counters.nodeStatus(member)),
      regionCount: this.#regions.size,
      regions: this.#regions.list().map(regionStatus),
      pages,
      storedBytes,
      pagesLost: this.#pagesLost,
    };
  }

  /** Drops shared pages' bytes until there is some room again, or nothing is left to drop. Unheld pages' bytes exist nowhere else (I8). */
  #trim(now: Millis): void {
    const { storedBytes } = this.#home.status();
    if (storedBytes <= this.#storeBytes) return;
    const pageBytes = new Map(this.#regions.list().map((record) => [record.region, record.pageBytes]));
    let excess = storedBytes - this.#storeBytes * (15 / 16);
    const pages: PageId[] = [];
    for (const page of this.#home.trimmable()) {
      pages.push(page);
      excess -= pageBytes.get(regionOf(page)) ?? 0;
      if (excess <= 0 || pages.length === maxPagesPerSweep) break;
    }
    if (excess > 0 && pages.length < maxPagesPerSweep) this.#sweepAfter = now + sweepPauseMs;
    if (pages.length > 0) this.tellHome(now, { kind: 'trim', pages });
  }

  tellMembership(now: Millis, input: MembershipInput): void {
    for (const effect of this.#membership.step(now, input)) this.#performMembership(now, effect);
  }

  #performMembership(now: Millis, effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#ports.send(effect.to, effect.message);
      case 'admitted': {
        const { incarnation, name } = effect.member;
        this.#ports.log({ level: 'info', event: 'node-joined', name, incarnation });
        this.tellHome(now, { kind: 'member-joined', member: incarnation });
        return this.#tellTable(now, { kind: 'member-joined', member: incarnation });
      }
      case 'lost': {
        const { incarnation, name } = effect.member;
        if (effect.loss === 'left') this.#ports.log({ level: 'info', event: 'node-left', name, incarnation });
        else this.#ports.log({ level: 'warn', event: 'node-lost', name, incarnation, why: effect.loss });
        this.#counters.forget(incarnation);
        this.tellHome(now, { kind: 'member-lost', member: incarnation });
        return this.#tellTable(now, { kind: 'member-lost', member: incarnation, left: effect.loss === 'left' });
      }
      case 'suspected': {
        const { incarnation, name } = effect.member;
        return this.#ports.log({ level: 'warn', event: 'node-suspected', name, incarnation, by: effect.by.name });
      }
      case 'expelled': {
        const { incarnation, name } = effect.member;
        return this.#ports.log({ level: 'warn', event: 'node-expelled', name, incarnation, why: effect.reason });
      }
      case 'refused':
        this.#ports.log({ level: 'warn', event: 'join-refused', code: effect.code, why: effect.reason });
        return this.#ports.turnAway(now, effect.link, effect.code, effect.reason);
      case 'ignored':
        return this.#ports.log({ level: 'debug', event: 'ignored', what: effect.what, why: effect.why });
      default:
        return unreachable(effect);
    }
  }

  tellHome(now: Millis, input: HomeInput): void {
    let lost = 0;
    for (const effect of this.#home.step(now, input)) {
      if (effect.kind === 'lost') lost += 1;
      else this.#performHome(now, effect);
    }
    if (lost > 0) {
      this.#pagesLost += lost;
      this.#ports.log({ level: 'warn', event: 'pages-lost', count: lost });
    }
  }

  #performHome(now: Millis, effect: Exclude<HomeEffect, { kind: 'lost' }>): void {
    switch (effect.kind) {
      case 'send':
        return this.#sendTo(effect.to, effect.message);
      case 'violation':
        return this.#violated(now, effect.from, effect.what);
      case 'ignored':
        return;
      default:
        return unreachable(effect);
    }
  }

  /** A request of a member about synchronization. */
  synchronize(now: Millis, from: Incarnation, message: SyncRequest): void {
    if (message.kind !== 'wait' && message.kind !== 'notify') return this.#tellTable(now, { kind: 'message', from, message });
    // What the home says and what the table makes of it are one moment: nothing is committed between.
    this.#tellTable(now, { kind: 'address-message', from, message, standing: this.#home.standingOf(message.page) });
  }

  #tellTable(now: Millis, input: SyncInput): void {
    for (const effect of this.#table.step(now, input)) this.#performSync(now, effect);
  }

  #performSync(now: Millis, effect: SyncEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#sendTo(effect.to, effect.message);
      case 'abandoned':
        return this.#ports.log({ level: 'warn', event: `${effect.object}-abandoned`, name: effect.name, by: effect.by });
      case 'broken':
        return this.#ports.log({ level: 'warn', event: 'barrier-broken', name: effect.name, by: effect.by, waiting: effect.waiting });
      case 'forgotten':
        return this.#ports.log({ level: 'debug', event: 'object-forgotten', object: effect.object, name: effect.name });
      case 'violation':
        return this.#violated(now, effect.from, effect.what);
      case 'ignored':
        return;
      default:
        return unreachable(effect);
    }
  }

  /** A member without a link is expelled or lost: the machines hear of its loss in time, and ask no more of it. */
  #sendTo(member: Incarnation, message: Message): void {
    const link = this.#membership.linkOf(member);
    if (link !== undefined) this.#ports.send([link], message);
  }

  #violated(now: Millis, member: Incarnation, what: string): void {
    this.#ports.log({ level: 'error', event: 'protocol-violation', incarnation: member, what });
    this.tellMembership(now, { kind: 'expel', member, reason: `it broke the protocol: ${what}` });
  }
}
