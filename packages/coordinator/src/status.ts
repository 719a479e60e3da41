import { type Incarnation, limits, type Millis, type NodeCounters, nodeCounterNames, type RegionRecord } from '@pagewire/protocol';
import type { MemberStatus } from './membership/membership-io.js';

/** The counters that only grow; `residentPages` is a level. */
export type RatedCounter = Exclude<keyof NodeCounters, 'residentPages'>;
/** Events per second over the last renewals. */
export type NodeRates = Readonly<Record<RatedCounter, number>>;

/** A node as the coordinator sees it. */
export interface NodeStatus {
  readonly name: string;
  readonly incarnation: number;
  readonly urls: readonly string[];
  /** `expelled`: told to give up; lost when its lease has run out. */
  readonly state: 'live' | 'expelled';
  readonly leaseRemainingMs: number;
  /** What the node said with its last renewal; zeros before the first. */
  readonly counters: NodeCounters;
  /** Zeros until two renewals have come. */
  readonly rates: NodeRates;
}

/** Pages by the state of their directory entry. A page that nobody has touched is counted nowhere. */
export interface PageCounts {
  /** Held by no node; the coordinator has the bytes. */
  readonly unheld: number;
  readonly shared: number;
  readonly exclusive: number;
  /** Changing hands. */
  readonly busy: number;
  readonly lost: number;
}

/** What `pagewire status --json` prints: the answer to a `status` request, as JSON. */
export interface ClusterStatus {
  /** The version of the coordinator's package. */
  readonly version: string;
  /** Names this life of the coordinator. */
  readonly cluster: string;
  readonly uptimeMs: number;
  readonly epoch: number;
  readonly nodes: readonly NodeStatus[];
  /** How many regions there are; `regions` lists the oldest of them, as many as fit in a message. */
  readonly regionCount: number;
  readonly regions: readonly { readonly name: string; readonly bytes: number; readonly pageBytes: number }[];
  readonly pages: PageCounts;
  /** Page bytes in the coordinator's memory. */
  readonly storedBytes: number;
  /** Pages lost since the start, each time one was. */
  readonly pagesLost: number;
  /** Bytes of this process. */
  readonly process: { readonly rss: number; readonly heap: number };
}

/** Renewals closer together than this are taken as one: a burst after a pause would give rates of no meaning. */
const minRateSpanMs = 100;

const ratedCounters = nodeCounterNames.filter((name) => name !== 'residentPages');

function eachRated(value: (name: RatedCounter) => number): NodeRates {
  // Every key of NodeRates is in ratedCounters, which `satisfies` cannot say of a filtered list.
  return Object.fromEntries(ratedCounters.map((name) => [name, value(name)])) as NodeRates;
}

const noCounters: NodeCounters = { ...eachRated(() => 0), residentPages: 0 };
const noRates = eachRated(() => 0);

interface Sample {
  readonly at: Millis;
  readonly counters: NodeCounters;
}

/** The counters of each member and how fast they grow. */
export class CounterHistory {
  readonly #members = new Map<Incarnation, { base: Sample; last: Sample; rates: NodeRates }>();

  /** A renewal of `member` came at `at`. */
  record(member: Incarnation, at: Millis, counters: NodeCounters): void {
    const last = { at, counters };
    const history = this.#members.get(member);
    if (history === undefined) {
      this.#members.set(member, { base: last, last, rates: noRates });
      return;
    }
    history.last = last;
    const spanMs = at - history.base.at;
    if (spanMs < minRateSpanMs) return;
    const { base } = history;
    // A counter that fell would be a bug of the node; it shows as no activity.
    history.rates = eachRated((name) => Math.max(0, Math.round(((counters[name] - base.counters[name]) * 10_000) / spanMs) / 10));
    history.base = last;
  }

  forget(member: Incarnation): void {
    this.#members.delete(member);
  }

  nodeStatus(member: MemberStatus): NodeStatus {
    const history = this.#members.get(member.incarnation);
    const { name, incarnation, urls, state, leaseRemainingMs } = member;
    return {
      name,
      incarnation,
      urls,
      state,
      leaseRemainingMs: Math.round(leaseRemainingMs),
      counters: history?.last.counters ?? noCounters,
      rates: history?.rates ?? noRates,
    };
  }
}

export const regionStatus = ({ name, bytes, pageBytes }: RegionRecord): ClusterStatus['regions'][number] => ({ name, bytes, pageBytes });

/** The status as JSON of at most `limits.maxStatusBytes`; regions that do not fit are left out. Everything in it is ASCII. */
export function statusJson(status: ClusterStatus): string {
  let room = limits.maxStatusBytes - JSON.stringify({ ...status, regions: [] }).length;
  const fit = status.regions.findIndex((region) => {
    room -= JSON.stringify(region).length + 1;
    return room < 0;
  });
  return JSON.stringify(fit === -1 ? status : { ...status, regions: status.regions.slice(0, fit) });
}
