import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread, MessageChannel, Worker } from 'node:worker_threads';
import { type Incarnation, type NodeCounters, PagewireError, type RegionOptions, type RegionRecord } from '@pagewire/protocol';
import { exitProcess } from '@pagewire/userfaultfd';
import { Deferred } from '../deferred.js';
import { otherExitCode } from '../exit-codes.js';
import type { MemoryKind } from '../memory.js';
import type { Node } from '../node.js';
import type { Region } from '../region.js';
import type { NodeState } from '../service-host.js';
import { barrierOver, lockOver, semaphoreOver } from '../sync/named-objects.js';
import type { SyncCalls } from '../sync/sync-calls.js';
import type { Barrier, Lock, Semaphore } from '../sync/sync-objects.js';
import { Caller } from './caller.js';
import { type NodeSettings, nodeObject, type OpenedRegion, type PagerThreadData, type StartedNode, type StateNotice } from './calls.js';
import { FatalException } from './fatal-exception.js';
import { ProgramRegion } from './program-region.js';
import { SharedState } from './shared-state.js';

/** The thread's own code, as it was built: a worker thread loads files, whatever this module was loaded from. */
const pagerThread = createRequire(import.meta.url).resolve('@pagewire/node/pager-thread');

/**
 * A node with mapped memory, as the program's thread sees it. The node itself lives in a thread of its own, because a thread that touches
 * memory stands still until its page has come, and with it everything else that the thread was to do.
 */
export class ProgramNode implements Node {
  readonly memory: MemoryKind = 'mapped';
  readonly memoryReason: string;
  readonly urls: readonly string[];
  readonly port: number;
  readonly #settings: NodeSettings;
  readonly #shared: SharedState;
  readonly #caller: Caller;
  readonly #syncCalls: SyncCalls;
  readonly #ended: Promise<void>;
  readonly #worker: Worker;
  readonly #fatal = new FatalException();
  readonly #stateListeners = new Set<(state: NodeState, reason: string) => void>();
  #incarnation: Incarnation;
  #state: NodeState;
  #closing: Promise<void> | undefined;

  /** Starts the thread, and the node in it. Nothing is left behind if either fails. */
  static async start(settings: NodeSettings, reason: string): Promise<ProgramNode> {
    const shared = new SharedState();
    const { port1, port2 } = new MessageChannel();
    const data: PagerThreadData = { settings, reason, port: port2, shared: shared.buffer };
    const worker = new Worker(pagerThread, {
      workerData: data,
      transferList: [port2],
      name: `pagewire ${settings.name}`,
      // What the program's own code needs (loaders, preloads) is not for this thread.
      execArgv: [],
    });
    let node: ProgramNode | undefined;
    const early: StateNotice[] = [];
    const caller = new Caller(port1, shared, (notice) => (node === undefined ? early.push(notice) : node.#changed(notice)));
    const ended = new Deferred<void>();
    worker.once('error', (error) => {
      caller.end(new PagewireError('closed', `node "${settings.name}" ended: ${error.message}`));
      process.emitWarning(`node "${settings.name}": its thread ended: ${error.message}`, {
        type: 'PagewireBug',
        detail: error.stack ?? '',
      });
    });
    worker.once('exit', () => {
      // Nobody serves the memory that threads of the program have, and nobody would stop them when the lease ends.
      if (shared.windows > 0) endUnserved(settings.name);
      caller.end(new PagewireError('closed', `node "${settings.name}" has ended; join again to go on`));
      if (node !== undefined) node.#threadEnded();
      ended.resolve();
    });
    try {
      const started = await caller.answerToStart<StartedNode>();
      node = new ProgramNode({ settings, reason, shared, caller, worker, ended: ended.promise, started });
    } catch (error) {
      await ended.promise;
      throw error;
    }
    for (const notice of early) node.#changed(notice);
    return node;
  }

  private constructor(parts: {
    readonly settings: NodeSettings;
    readonly reason: string;
    readonly shared: SharedState;
    readonly caller: Caller;
    readonly worker: Worker;
    readonly ended: Promise<void>;
    readonly started: StartedNode;
  }) {
    this.#settings = parts.settings;
    this.memoryReason = parts.reason;
    this.#shared = parts.shared;
    this.#caller = parts.caller;
    this.#worker = parts.worker;
    this.#ended = parts.ended;
    this.#syncCalls = syncCallsOver(this.#caller, this.#shared);
    this.urls = parts.started.urls;
    this.port = parts.started.port;
    this.#incarnation = parts.started.incarnation;
    this.#state = parts.started.state;
    // A worker thread's own end is not that of the process.
    if (isMainThread) process.once('exit', this.#atExit);
  }

  get name(): string {
    return this.#settings.name;
  }

  get rank(): number | undefined {
    return this.#settings.place?.rank;
  }

  get size(): number | undefined {
    return this.#settings.place?.size;
  }

  get incarnation(): Incarnation {
    return this.#incarnation;
  }

  get state(): NodeState {
    return this.#state;
  }

  async region(name: string, options: RegionOptions = {}): Promise<Region> {
    this.#checkOpen('region');
    // What is no object is refused where options are checked.
    const plain = typeof options === 'object' && options !== null ? { bytes: options.bytes, pageBytes: options.pageBytes } : options;
    return new ProgramRegion(await this.#caller.call<OpenedRegion>(nodeObject, 'region', [name, plain]), this.#caller, this.#shared);
  }

  async regions(): Promise<readonly RegionRecord[]> {
    this.#checkOpen('regions');
    return this.#caller.call(nodeObject, 'regions', []);
  }

  async deleteRegion(name: string): Promise<void> {
    this.#checkOpen('deleteRegion');
    return this.#caller.call(nodeObject, 'deleteRegion', [name]);
  }

  lock(name: string): Lock {
    return lockOver(this.#syncCalls, name);
  }

  semaphore(name: string, permits: number): Semaphore {
    return semaphoreOver(this.#syncCalls, name, permits);
  }

  barrier(name: string, parties: number): Barrier {
    return barrierOver(this.#syncCalls, name, parties);
  }

  counters(): NodeCounters {
    return this.#shared.counters;
  }

  onStateChange(listener: (state: NodeState, reason: string) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // A node that a bug has ended answers no more; then it is closed already.
    const closed = this.#caller.call(nodeObject, 'close', []).catch(() => {});
    const error = new PagewireError('closed', `node "${this.name}" was closed`);
    // Memory that is given out from now on would be taken away at once.
    this.#caller.shut(error);
    await closed;
    this.#caller.end(error);
    // Nothing of the node is left; whatever else would keep the thread is not worth waiting for.
    await this.#worker.terminate();
    await this.#ended;
  }

  #changed({ state, reason, incarnation }: StateNotice): void {
    this.#incarnation = incarnation;
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#stateListeners) queueMicrotask(() => listener(state, reason));
  }

  #threadEnded(): void {
    process.off('exit', this.#atExit);
    this.#fatal.close();
    this.#changed({ kind: 'state', state: 'closed', reason: 'its thread has ended', incarnation: this.#incarnation });
  }

  /**
   * The program ends with memory still open. Node.js would end the pager's thread and then wait for threads that wait for its pages, so the
   * process ends here. What was to be done at the exit by listeners that came later than this node is not done.
   */
  readonly #atExit = (code: number): void => {
    if (this.#shared.windows === 0) return;
    this.#fatal.print();
    exitProcess(code ?? otherExitCode);
  };

  #checkOpen(what: string): void {
    if (this.#closing !== undefined) throw new PagewireError('closed', `${what}: node "${this.name}" was closed; join again to go on`);
  }
}

function endUnserved(name: string): never {
  try {
    writeSync(2, `pagewire: node "${name}" ends its process with code ${otherExitCode}: its thread has ended, and memory was open\n`);
  } catch {
    // The descriptor is closed, or full and non-blocking; the code says it alone.
  }
  exitProcess(otherExitCode);
}

/** The calls of the node in the pager's thread. */
const syncCallsOver = (caller: Caller, shared: SharedState): SyncCalls => ({
  get life() {
    return shared.life;
  },
  obtain: (what, timeoutMs) => caller.call(nodeObject, 'obtain', [what, timeoutMs]),
  giveBack: (obtained) => caller.call(nodeObject, 'giveBack', [obtained]),
  arrive: (name, parties, timeoutMs) => caller.call(nodeObject, 'arrive', [name, parties, timeoutMs]),
});
