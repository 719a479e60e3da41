import type { Atomic, Millis, Performed, RegionId, RegionOptions, RegionRecord, RegionShape } from '@pagewire/protocol';
import type { Acceptance, Attributes, Link } from '@pagewire/transport';

/** `fenced`: the lease ended, every right is gone, accesses fail with `fenced` until the node has rejoined and what it held of locks is released. */
export type NodeState = 'live' | 'fenced' | 'closed';

/**
 * A region as the service uses it. An access that does not have its pages by `deadline` fails with `timeout`. One that is to be witnessed lies on
 * one page; see {@link Performed}.
 */
export interface ServedRegion extends RegionShape {
  readonly id: RegionId;
  read(offset: number, length: number, deadline: Millis, performed?: Performed): Promise<Uint8Array>;
  write(offset: number, bytes: Uint8Array, deadline: Millis, performed?: Performed): Promise<void>;
  operate(offset: number, atomic: Atomic, deadline: Millis, performed?: Performed): Promise<number | bigint>;
}

/** What the service for clients needs of its node. */
export interface ServiceHost {
  readonly name: string;
  readonly state: NodeState;
  /** How long an operation may wait, counted from its arrival: for its turn and then for its pages. */
  readonly faultTimeoutMs: number;
  /** The clock of every deadline on this node. */
  now(): Millis;
  /** Creates or opens a region. The host keeps one handle for each region served, so calling it often costs a question to the coordinator, no memory. */
  openRegion(name: string, options: RegionOptions): Promise<ServedRegion>;
  deleteRegion(name: string): Promise<void>;
  /** The regions of the cluster after number `after`, ascending: as many as one answer carries, `limits.maxRegionsPerList`. */
  listRegions(after: RegionId | undefined): Promise<readonly RegionRecord[]>;
  /** The region if this node has opened it for clients and it still exists. */
  regionById(id: RegionId): ServedRegion | undefined;
  /**
   * Call it when an operation is done and before its answer leaves. `undefined` means the answer may go
   * at once; otherwise it may go when the promise resolves. The promise rejects with `outcome-unknown` when the node is fenced first:
   * the operation ran here, but what it wrote may not survive.
   */
  exposed(): Promise<void> | undefined;
  /** One JSON object about this node: name, incarnation, state, memory, regions, counters. */
  status(): string;
  /** Calls `listener` when a region that this node knew is deleted. The answer ends the subscription. */
  onRegionDeleted(listener: (region: RegionId) => void): () => void;
}

/** Decides on links whose attributes say `role: 'client'`. */
export interface ClientAcceptor {
  accept(peer: Attributes, link: Link): Acceptance;
}

/** What `createService(host)` of `./service.js` returns. */
export interface Service extends ClientAcceptor {
  /** Client operations finished since the start. */
  readonly operations: number;
  /** Ends every client link in good order. */
  close(): void;
}
