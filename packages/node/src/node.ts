import type { Incarnation, NodeCounters, RegionOptions, RegionRecord } from '@pagewire/protocol';
import type { MemoryKind } from './memory.js';
import type { Region } from './region.js';
import type { NodeState } from './service-host.js';
import type { Barrier, Lock, Semaphore } from './sync/sync-objects.js';

/** This process's place in a cluster. */
export interface Node extends AsyncDisposable {
  readonly name: string;
  /** Which of the programs of one `pagewire run` this is, from 0; undefined for a node that joined by itself, as nobody counted it. */
  readonly rank: number | undefined;
  /** How many programs that run has; undefined as `rank` is. */
  readonly size: number | undefined;
  /** Which life of this node it is; changes with each rejoin. The latest one while fenced. */
  readonly incarnation: Incarnation;
  /** Where other nodes and clients reach it, in its order of preference. */
  readonly urls: readonly string[];
  /** The port it listens on. */
  readonly port: number;
  readonly memory: MemoryKind;
  /** One line: why this kind of memory. */
  readonly memoryReason: string;
  readonly state: NodeState;
  /**
   * Opens a region, or creates it when `bytes` is given and there is none of that name. Sizes that are given must agree with the region's.
   * Each call gives a handle of its own over the same memory.
   */
  region(name: string, options?: RegionOptions): Promise<Region>;
  regions(): Promise<readonly RegionRecord[]>;
  /** The region and its bytes are gone, for every node. */
  deleteRegion(name: string): Promise<void>;
  /** The lock of this name, for the whole cluster. It exists while somebody uses it. */
  lock(name: string): Lock;
  /** The semaphore of this name. All who use it at a time agree on `permits`. */
  semaphore(name: string, permits: number): Semaphore;
  /** The barrier of this name. All who wait there agree on `parties`; a node may come for several of them. */
  barrier(name: string, parties: number): Barrier;
  counters(): NodeCounters;
  /** Calls `listener` at each change of `state`, with a reason for people. The answer ends the subscription. */
  onStateChange(listener: (state: NodeState, reason: string) => void): () => void;
  /**
   * Leaves the cluster in good order: gives every page back and says goodbye. Ends pins and waiting accesses. When nothing moves
   * for a few seconds (a page cannot be given back, the coordinator is silent) it leaves all the same. Calling it again waits for the same end.
   */
  close(): Promise<void>;
}
