import {
  checkRegionOptions,
  HOME,
  type Incarnation,
  InvariantError,
  invariant,
  limits,
  type NodeCounters,
  PagewireError,
  type RegionId,
  type RegionOptions,
  type RegionRecord,
} from '@pagewire/protocol';
import { type Acceptance, type Attributes, type Link, type LinkOptions, type Listener, listen } from '@pagewire/transport';
import type { ChosenMemory } from './choose-memory.js';
import { Deferred } from './deferred.js';
import { GivingBack } from './giving-back.js';
import { Membership } from './membership.js';
import type { MemoryKind } from './memory.js';
import type { Node } from './node.js';
import { nodeClock } from './node-clock.js';
import { OpenRegions } from './open-regions.js';
import { Pager, tickEveryMs } from './pager.js';
import type { Place } from './place.js';
import type { RegionHandle } from './region-handle.js';
import { createService } from './service.js';
import type { NodeState, Service, ServiceHost } from './service-host.js';
import { nodeStatusJson } from './service-status.js';
import { AddressWaits } from './sync/address-waits.js';
import { BegunWrites } from './sync/begun-writes.js';
import { barrierOver, lockOver, semaphoreOver } from './sync/named-objects.js';
import { NodeSyncCalls } from './sync/sync-calls.js';
import type { Barrier, Lock, Semaphore } from './sync/sync-objects.js';
import { SyncRequests } from './sync/sync-requests.js';
import type { TransportKind } from './transport-choice.js';

export interface ClusterNodeOptions {
  readonly coordinator: string;
  readonly name: string;
  readonly memory: ChosenMemory;
  readonly transports: readonly TransportKind[];
  readonly faultTimeoutMs: number;
  readonly plainFaultTimeoutMs: number;
  readonly joinTimeoutMs: number;
  readonly rejoin: boolean;
  readonly place: Place | undefined;
  /** A plain access waits for what it cannot have; the process has to end. */
  readonly unservable: (error: PagewireError) => void;
  readonly link: Partial<LinkOptions>;
  readonly listen: { readonly host: string; readonly port: number; readonly insecure: boolean };
  /** What others are told instead of where it listens. */
  readonly advertise: { readonly host: string; readonly port: number } | undefined;
}

/** Why a node was fenced: by the cluster, or for a bug of its own. */
export interface RightsEnd {
  readonly reason: string;
  readonly bug: Error | undefined;
}

const now = nodeClock();
/** The pause before a fenced node tries to join again; it doubles from try to try. */
const rejoinPauseMs = { first: 50, longest: 2000 } as const;
/** How long each step of a close may take: to have writes confirmed, to give the next page back, to say goodbye. */
const closeStepMs = 2000;

/** Puts the parts of a node together and keeps its state: joined, fenced and on its way back, or closed. */
export class ClusterNode implements Node {
  readonly name: string;
  readonly memory: MemoryKind;
  readonly memoryReason: string;
  readonly #options: ClusterNodeOptions;
  readonly #pager: Pager;
  readonly #givingBack: GivingBack;
  readonly #begunWrites = new BegunWrites();
  readonly #synchronization: SyncRequests;
  /** What locks, semaphores and barriers are made of. */
  readonly syncCalls: NodeSyncCalls;
  readonly #regions: OpenRegions;
  readonly #service: Service;
  readonly #membership: Membership;
  readonly #listener: Listener;
  readonly #tickTimer: NodeJS.Timeout;
  readonly #stateListeners = new Set<(state: NodeState, reason: string) => void>();
  readonly #rightsListeners = new Set<(end: RightsEnd | undefined) => void>();
  #state: NodeState = 'fenced';
  #rejoining = false;
  #pause: Deferred<void> | undefined;
  #closing: Promise<void> | undefined;
  #bug: Error | undefined;

  /** Listens and joins; nothing is left behind if either fails. */
  static async start(options: ClusterNodeOptions): Promise<ClusterNode> {
    // Links may come before the node that they are for exists.
    let node: ClusterNode | undefined;
    const listener = await listen({
      ...options.listen,
      link: options.link,
      accept: (peer, link) =>
        node?.accept(peer, link) ?? { refuse: { code: 'unreachable', reason: `node "${options.name}" is still starting` } },
    });
    node = new ClusterNode(options, listener);
    try {
      await node.#membership.join();
    } catch (error) {
      await node.close();
      throw error;
    }
    if (node.#membership.session !== undefined) node.#setState('live', 'joined');
    return node;
  }

  private constructor(options: ClusterNodeOptions, listener: Listener) {
    this.#options = options;
    this.#listener = listener;
    this.name = options.name;
    this.memory = options.memory.kind;
    this.memoryReason = options.memory.reason;
    this.#pager = new Pager({
      now,
      leaseHolds: (at) => this.#membership.leaseHolds(at),
      send: (to, message, frames) => this.#membership.send(to, message, frames),
      violated: (from, what) => {
        if (from === HOME) this.#membership.fence(`the coordinator broke the protocol: ${what}`);
        else this.#membership.cut(from, what);
      },
      broken: (error) => this.#broken(error),
    });
    this.#givingBack = new GivingBack(this.#pager, closeStepMs);
    this.#synchronization = new SyncRequests({
      admit: () => void this.#pager.admit(),
      written: () => this.#begunWrites.ended(),
      exposed: () => this.#pager.exposed(),
      send: (message) => this.#membership.session?.send(message),
      guard: (work) => this.#guard(work),
    });
    this.syncCalls = new NodeSyncCalls(this.#synchronization, () => this.#goOn());
    this.#regions = new OpenRegions({
      pager: this.#pager,
      memory: options.memory,
      servePlain: options.memory.serve({
        pager: this.#pager,
        timeoutMs: options.plainFaultTimeoutMs,
        now,
        guard: (work) => this.#guard(work),
        unservable: options.unservable,
      }),
      faultTimeoutMs: options.faultTimeoutMs,
      begunWrites: this.#begunWrites,
      waits: new AddressWaits({
        requests: this.#synchronization,
        pager: this.#pager,
        faultTimeoutMs: options.faultTimeoutMs,
        heldAt: (page) => this.#membership.heldAt(page),
        guard: (work) => this.#guard(work),
      }),
      ask: (question, take) => this.#membership.session?.ask(question, take) ?? Promise.reject(this.#outError(question.kind)),
      released: (region) => this.#givingBack.released(now(), region),
    });
    this.#membership = new Membership({
      ...options,
      urls: this.urls,
      pager: this.#pager,
      now,
      guard: (work) => this.#guard(work),
      counters: () => this.counters(),
      leaseEnds: (lease) => options.memory.leaseEnds(lease),
      newCluster: () => this.#regions.endAll(),
      regionDeleted: (region) => this.#regions.deleted(region),
      synchronization: (reply) => this.#synchronization.replied(reply),
      fenced: (reason) => this.#fenced(reason),
    });
    this.#service = createService(this.#host());
    this.#tickTimer = setInterval(() => this.#guard(() => this.#tick()), tickEveryMs);
  }

  get rank(): number | undefined {
    return this.#options.place?.rank;
  }

  get size(): number | undefined {
    return this.#options.place?.size;
  }

  get incarnation(): Incarnation {
    const { terms } = this.#membership;
    invariant(terms !== undefined, 'a node is handed out after it has joined');
    return terms.incarnation;
  }

  get urls(): readonly string[] {
    const { transports, advertise } = this.#options;
    if (advertise === undefined) return transports.map((transport) => this.#listener.url(transport));
    const host = advertise.host.includes(':') ? `[${advertise.host}]` : advertise.host;
    return transports.map((transport) => `${transport}://${host}:${advertise.port}`);
  }

  get port(): number {
    return this.#listener.port;
  }

  get state(): NodeState {
    return this.#state;
  }

  async region(name: string, options: RegionOptions = {}): Promise<RegionHandle> {
    this.#checkOpen('region');
    this.#checkMemory(name, options);
    return this.#regions.open(name, options);
  }

  async regions(): Promise<readonly RegionRecord[]> {
    this.#checkOpen('regions');
    return this.#regions.list();
  }

  async deleteRegion(name: string): Promise<void> {
    this.#checkOpen('deleteRegion');
    return this.#regions.delete(name);
  }

  lock(name: string): Lock {
    return lockOver(this.syncCalls, name);
  }

  semaphore(name: string, permits: number): Semaphore {
    return semaphoreOver(this.syncCalls, name, permits);
  }

  barrier(name: string, parties: number): Barrier {
    return barrierOver(this.syncCalls, name, parties);
  }

  counters(): NodeCounters {
    return { ...this.#pager.counters, clientOperations: this.#service.operations, residentPages: this.#pager.heldPages };
  }

  onStateChange(listener: (state: NodeState, reason: string) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /** Calls `listener` as soon as a region that is open here does not exist any more. */
  onRegionGone(listener: (region: RegionId) => void): void {
    this.#regions.onDeleted(listener);
  }

  /** Calls `listener` as soon as this node has lost every right: with why it was fenced, or nothing when it left by itself. */
  onRightsEnded(listener: (end: RightsEnd | undefined) => void): void {
    this.#rightsListeners.add(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private accept(peer: Attributes, link: Link): Acceptance {
    switch (peer['role']) {
      case 'peer':
        return this.#membership.accept(peer, link);
      case 'client':
        // Until then there is no region to serve, and nothing to tell of a membership.
        if (this.#membership.terms === undefined) {
          return { refuse: { code: 'unreachable', reason: `node "${this.name}" is still joining; connect again in a moment` } };
        }
        return this.#service.accept(peer, link);
      default:
        return {
          refuse: { code: 'protocol-violation', reason: `a node takes links of role "peer" or "client", not "${String(peer['role'])}"` },
        };
    }
  }

  #host(): ServiceHost {
    const node = this;
    return {
      name: this.name,
      faultTimeoutMs: this.#options.faultTimeoutMs,
      now,
      get state() {
        return node.#state;
      },
      openRegion: async (name, options) => {
        this.#checkOpen('open-region');
        this.#checkMemory(name, options);
        return this.#regions.openServed(name, options);
      },
      deleteRegion: (name) => this.deleteRegion(name),
      listRegions: async (after) => {
        this.#checkOpen('list-regions');
        return this.#regions.page(after);
      },
      regionById: (id: RegionId) => this.#regions.served(id),
      exposed: () => this.#pager.exposed(),
      status: () => this.#status(),
      onRegionDeleted: (listener) => this.#regions.onDeleted(listener),
    };
  }

  #status(): string {
    const { name, state, urls, memory, memoryReason } = this;
    return nodeStatusJson({
      name,
      // No life has the number 0: it is what there is to say before the first.
      incarnation: this.#membership.terms?.incarnation ?? 0,
      state,
      urls,
      memory,
      memoryReason,
      regions: this.#regions.records,
      counters: this.counters(),
    });
  }

  #tick(): void {
    this.#pager.tick();
    this.#givingBack.tick(now());
  }

  /** Throws when the options are wrong or this node could not hold the region that is to be opened, before the coordinator creates it. */
  #checkMemory(name: string, options: RegionOptions): void {
    checkRegionOptions(name, options);
    const { bytes, pageBytes = limits.defaultPageBytes } = options;
    if (bytes === undefined || this.#regions.records.some((record) => record.name === name)) return;
    // A region is made of whole pages, as many as hold what was asked for.
    this.#options.memory.allocate({ name, bytes: Math.ceil(bytes / pageBytes) * pageBytes, pageBytes }).close();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#broken(error);
    }
  }

  /** A bug stopped this node half way through something: going on could break I1, so its life ends at once, and then the node. */
  #broken(error: unknown): void {
    if (this.#bug !== undefined) return;
    this.#bug = error instanceof Error ? error : new InvariantError(String(error));
    const reason = `a bug in this node, which ends: ${this.#bug.message}`;
    process.emitWarning(`node "${this.name}": ${reason}`, { type: 'PagewireBug', detail: this.#bug.stack ?? '' });
    this.#membership.fence(reason);
    void this.close();
  }

  #fenced(reason: string): void {
    this.syncCalls.end(new PagewireError('fenced', `node "${this.name}" was fenced: ${reason}`));
    for (const listener of this.#rightsListeners) listener({ reason: `node "${this.name}" was fenced: ${reason}`, bug: this.#bug });
    if (this.#state === 'closed') return;
    this.#setState('fenced', reason);
    if (this.#closing !== undefined || this.#bug !== undefined) return;
    this.#pager.shut({ code: 'fenced', message: `node "${this.name}" was fenced: ${reason}` });
    if (this.#options.rejoin && !this.#rejoining) this.#rejoin().catch((error) => this.#broken(error));
  }

  /** Tries until the node is a member again. Only bugs make it throw. */
  async #rejoin(): Promise<void> {
    this.#rejoining = true;
    for (let pauseMs: number = rejoinPauseMs.first; ; pauseMs = Math.min(pauseMs * 2, rejoinPauseMs.longest)) {
      await this.#pauseFor(pauseMs);
      if (this.#closing !== undefined) break;
      try {
        await this.#membership.join();
        await this.#regions.reopen();
      } catch (error) {
        if (!(error instanceof PagewireError)) throw error;
        this.#membership.fence(`it could not look its regions up: ${error.message}`);
      }
      if (this.#closing !== undefined) break;
      if (this.#membership.session !== undefined) break;
    }
    this.#rejoining = false;
    this.#goOn();
  }

  /**
   * Back in the cluster, accesses may go on. Not as long as the program has something that this node lost when it was fenced: it may be half way
   * through what a lock protects, and others may hold that lock.
   */
  #goOn(): void {
    if (this.#state !== 'fenced' || this.#rejoining || this.#closing !== undefined || this.#membership.session === undefined) return;
    const { lost } = this.syncCalls;
    if (lost === undefined) {
      this.#pager.open();
      return this.#setState('live', 'rejoined');
    }
    const message = `node "${this.name}" was fenced and has rejoined, but ${lost} was held here, is lost, and was not released: release() it to go on`;
    this.#pager.shut({ code: 'fenced', message });
  }

  async #pauseFor(pauseMs: number): Promise<void> {
    const pause = new Deferred<void>();
    this.#pause = pause;
    const timer = setTimeout(pause.resolve, pauseMs);
    await pause.promise;
    clearTimeout(timer);
  }

  async #close(): Promise<void> {
    const ended = { code: 'closed', message: `node "${this.name}" was closed` } as const;
    this.#pager.shut(ended);
    this.#pause?.resolve();
    this.#regions.releasePins();
    // What was written here is confirmed before it is given back; where it cannot be, the clients that wait for it are told so.
    await Promise.race([this.#pager.exposed()?.catch(() => {}), this.#closeStep()]);
    this.#service.close();
    // What waits is answered, so that no wake-up goes with this node. What is held goes with it, and the next holder is told.
    await Promise.race([this.#synchronization.stop(new PagewireError(ended.code, ended.message)), this.#closeStep()]);
    await this.#givingBack.released(now());
    if (this.#pager.heldPages > 0) {
      // Others hold up what fills the window. A link with much on it is better than a page that goes with the node.
      this.#pager.releaseTheRest();
      await this.#givingBack.released(now());
    }
    // What could not be given back is not used any more when the cluster lets this node go.
    this.#pager.end(ended);
    for (const listener of this.#rightsListeners) listener(undefined);
    // The next holder may have what was held here as soon as the coordinator hears the goodbye.
    this.syncCalls.end(new PagewireError(ended.code, ended.message));
    await this.#membership.leave(closeStepMs);
    clearInterval(this.#tickTimer);
    this.#options.memory.close();
    this.#setState('closed', this.#bug === undefined ? 'closed by its owner' : `a bug ended it: ${this.#bug.message}`);
    await this.#listener.close();
  }

  async #closeStep(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, closeStepMs).unref());
  }

  #setState(state: NodeState, reason: string): void {
    if (this.#state === state) return;
    this.#state = state;
    // Listeners may call the node again; by then what led to the change is done.
    for (const listener of this.#stateListeners) queueMicrotask(() => listener(state, reason));
  }

  #checkOpen(what: string): void {
    if (this.#closing !== undefined) throw new PagewireError('closed', `${what}: node "${this.name}" was closed; join again to go on`);
  }

  #outError(what: string): PagewireError {
    return new PagewireError('fenced', `${what}: node "${this.name}" is no member of a cluster now; wait until it has rejoined`);
  }
}
