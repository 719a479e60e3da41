import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  decodeMessage,
  encodeMessage,
  Home,
  InvariantError,
  invariant,
  leaseMarginMs,
  limits,
  type Message,
  millis,
  PagewireError,
  SyncTable,
} from '@pagewire/protocol';
import { type Acceptance, type Attributes, type Link, type LinkEnd, type LinkOptions, type Listener, listen } from '@pagewire/transport';
import type { Directory } from './cluster.js';
import { type Log, silent } from './log.js';
import { nameFault } from './membership/join-check.js';
import { Membership } from './membership/membership.js';
import { type LinkId, linkId } from './membership/membership-io.js';
import { maxRegionIds, Regions } from './regions.js';
import { type Role, Router } from './router.js';
import type { ClusterStatus } from './status.js';

/** How to start a coordinator. Times are in milliseconds. */
export interface CoordinatorOptions {
  /** `127.0.0.1`, `::1` or `localhost` unless `insecure`. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Allow listening beyond loopback: there is no authentication and no encryption. */
  readonly insecure?: boolean;
  /** A node whose renewals stop is lost this long after the last one arrived. */
  readonly leaseMs?: number;
  readonly renewEveryMs?: number;
  /** Page bytes kept here before those that nodes have too are dropped. Default 1 GiB. */
  readonly storeBytes?: number;
  readonly link?: Partial<LinkOptions>;
  /** Default: silent. */
  readonly log?: Log;
  /** A bug was found and the coordinator has closed itself: nodes will fence themselves. The program should end. */
  readonly onFatal?: (error: Error) => void;
}

/** A running coordinator. */
export interface Coordinator {
  readonly host: string;
  readonly port: number;
  /** `url('ws')` is `ws://host:port`; one port serves both transports. */
  url(transport: 'ws' | 'grpc'): string;
  status(): ClusterStatus;
  /** Stops listening and ends every link. Nodes fence themselves when their leases end. */
  close(): Promise<void>;
}

/** Limits and times of the coordinator itself. */
export const coordinatorDefaults = {
  storeBytes: 1024 ** 3,
  /** How often leases and queued requests are looked at. */
  tickEveryMs: 100,
  /** Links of nodes, admins and clients together. */
  maxLinks: 1024,
} as const;

/**
 * Starts a coordinator: membership, region records and the directory of all pages, served to nodes and admins.
 *
 * @throws PagewireError `bad-argument`, `insecure-listen` or `address-in-use`.
 */
export async function startCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  return startWithDirectory(options, new Home());
}

/** As {@link startCoordinator}, with a directory of the caller's. */
export async function startWithDirectory(options: CoordinatorOptions, home: Directory): Promise<Coordinator> {
  const driver = new Driver(options, home);
  await driver.start();
  return driver;
}

/** Owns the listener, the links and the timer, and decides nothing. */
class Driver implements Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #log: Log;
  readonly #cluster = randomBytes(6).toString('hex');
  readonly #version = packageVersion();
  readonly #startedAt = now();
  readonly #links = new Map<LinkId, Link>();
  readonly #router: Router;
  #nextLink = 1;
  #listener: Listener | undefined;
  #tickTimer: NodeJS.Timeout | undefined;
  #nextTick: NodeJS.Immediate | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: CoordinatorOptions, home: Directory) {
    this.#options = options;
    this.#log = options.log ?? silent;
    const membership = new Membership({
      ...checkedTimes(options),
      tickEveryMs: coordinatorDefaults.tickEveryMs,
      maxMembers: limits.maxNodes,
      cluster: this.#cluster,
      firstNumber: firstNumber(),
    });
    const storeBytes = options.storeBytes ?? coordinatorDefaults.storeBytes;
    this.#router = new Router(
      {
        membership,
        regions: new Regions(randomInt(1, maxRegionIds / 2)),
        home,
        table: new SyncTable({ lastToken: firstToken() }),
        storeBytes,
      },
      {
        send: (to, message) => this.#send(to, message),
        end: (link, end) => this.#end(link, end),
        describe: () => this.#describe(),
        log: this.#log,
      },
    );
  }

  async start(): Promise<void> {
    const { host, port, insecure, link } = this.#options;
    this.#listener = await listen({
      host,
      port,
      maxConnections: coordinatorDefaults.maxLinks,
      accept: (peer, accepted) => this.#accept(peer, accepted),
      refused: ({ code, reason }, remote) => this.#log({ level: 'warn', event: 'connection-refused', code, why: reason, remote }),
      ...(insecure === undefined ? {} : { insecure }),
      ...(link === undefined ? {} : { link }),
    });
    this.#scheduleTick();
    this.#log({ level: 'info', event: 'listening', host: this.host, port: this.port, cluster: this.#cluster });
  }

  get host(): string {
    return this.#listening().host;
  }

  get port(): number {
    return this.#listening().port;
  }

  url(transport: 'ws' | 'grpc'): string {
    return this.#listening().url(transport);
  }

  status(): ClusterStatus {
    return this.#router.status(now());
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#tickTimer);
    clearImmediate(this.#nextTick);
    this.#links.clear();
    await this.#listener?.close();
    this.#log({ level: 'info', event: 'closed' });
  }

  #listening(): Listener {
    invariant(this.#listener, 'nobody has this coordinator before it listens');
    return this.#listener;
  }

  /** The next tick is timed from a turn of the loop after this one, so that between two ticks the sockets are always read. */
  #scheduleTick(): void {
    this.#tickTimer = setTimeout(() => {
      this.#nextTick = setImmediate(() => this.#scheduleTick());
      this.#guard(() => this.#router.tick(now()));
    }, coordinatorDefaults.tickEveryMs);
  }

  #accept(peer: Attributes, link: Link): Acceptance {
    const { role, name } = peer;
    if (!isRole(role)) {
      return { refuse: { code: 'bad-argument', reason: `a coordinator serves nodes, admins and clients, not "${role}"` } };
    }
    const fault = role === 'node' ? nameFault(name) : undefined;
    if (fault !== undefined) return { refuse: { code: 'bad-argument', reason: fault } };
    const id = linkId(this.#nextLink++);
    this.#links.set(id, link);
    this.#router.linkOpened(id, role, role === 'node' ? String(name) : '');
    return {
      attributes: { role: 'coordinator', cluster: this.#cluster },
      // What a node asked for within its window must never cut its link.
      ...(role === 'node' ? { link: { maxBufferedBytes: limits.maxMemberLinkBytes, ...this.#options.link } } : {}),
      handlers: {
        envelope: (bytes) => this.#guard(() => this.#envelope(id, bytes)),
        closed: (end) => this.#guard(() => this.#linkClosed(id, end)),
      },
    };
  }

  #envelope(id: LinkId, bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (decoded.ok) return this.#router.message(now(), id, decoded.message);
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#log({ level: 'error', event: 'protocol-violation', role: link.peer['role'], name: link.peer['name'], what: decoded.reason });
    // Its `closed` expels the member.
    link.destroy({ code: 'protocol-violation', reason: `the coordinator cannot read a message: ${decoded.reason}` });
  }

  #linkClosed(id: LinkId, end: LinkEnd): void {
    if (!this.#links.delete(id)) return;
    this.#log({ level: 'debug', event: 'link-ended', code: end.code, why: end.reason });
    this.#router.linkLost(now(), id);
  }

  #send(to: readonly LinkId[], message: Message): void {
    const parts = encodeMessage(message);
    for (const id of to) this.#links.get(id)?.send(parts);
  }

  #end(id: LinkId, end: LinkEnd): void {
    const link = this.#links.get(id);
    this.#links.delete(id);
    void link?.close(end.reason);
  }

  #describe(): Pick<ClusterStatus, 'version' | 'cluster' | 'uptimeMs' | 'process'> {
    const { rss, heapUsed } = process.memoryUsage();
    return {
      version: this.#version,
      cluster: this.#cluster,
      uptimeMs: Math.round(now() - this.#startedAt),
      process: { rss, heap: heapUsed },
    };
  }

  /** Whatever a machine throws is a bug: going on could break I1, so the coordinator ends, and every node fences itself by its lease. */
  #guard(work: () => void): void {
    if (this.#closing !== undefined) return;
    try {
      work();
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new InvariantError(String(thrown));
      this.#log({ level: 'error', event: 'fatal', why: `a bug in the coordinator, which stops: ${error.message}` });
      this.#log({ level: 'debug', event: 'fatal-stack', stack: error.stack });
      const told = () => this.#options.onFatal?.(error);
      void this.close().then(told, told);
    }
  }
}

function checkedTimes(options: CoordinatorOptions): { readonly leaseMs: number; readonly renewEveryMs: number } {
  const { leaseMs = limits.leaseMs, renewEveryMs = limits.renewEveryMs } = options;
  const whole = [leaseMs, renewEveryMs].every((ms) => Number.isInteger(ms) && ms > 0 && ms < 2 ** 31);
  const marginMs = leaseMarginMs(leaseMs);
  // A node must be able to miss one renewal and still have its lease.
  if (!whole || leaseMs - marginMs < 2 * renewEveryMs) {
    throw new PagewireError(
      'bad-argument',
      `a lease of ${leaseMs} ms, renewed every ${renewEveryMs} ms: use whole milliseconds, and a lease that lasts two renewals and the ` +
        `${marginMs} ms before its end at which a node gives up`,
    );
  }
  const { storeBytes } = options;
  if (storeBytes !== undefined && !(storeBytes >= 0)) throw new PagewireError('bad-argument', `storeBytes ${storeBytes}: use 0 or more`);
  return { leaseMs, renewEveryMs };
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}

/** Another number in each life of the coordinator, so that a `previous` from an earlier one names nobody in this one. */
const firstNumber = (): number => randomInt(1, 2 ** 30);

/** Above the tokens of every earlier life of the coordinator, unless it gave a million a second or the clock was set back between them. */
const firstToken = (): number => Date.now() * 1000;

const isRole = (role: unknown): role is Role => role === 'node' || role === 'admin' || role === 'client';
const now = () => millis(performance.now());
