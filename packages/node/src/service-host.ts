import type { RegionId, RegionOptions, RegionRecord } from '@pagewire/protocol';
import type { Acceptance, Attributes, Link } from '@pagewire/transport';
import type { Region } from './region.js';

/** `fenced`: the lease ended, every right is gone, accesses fail with `fenced` until the node has rejoined. */
export type NodeState = 'live' | 'fenced' | 'closed';

/** What the service for clients needs of its node. */
export interface ServiceHost {
  readonly name: string;
  readonly state: NodeState;
  /** Creates or opens a region. The host keeps one handle for each region served, so calling it often costs a question to the coordinator, no memory. */
  openRegion(name: string, options: RegionOptions): Promise<Region>;
  deleteRegion(name: string): Promise<void>;
  listRegions(): Promise<readonly RegionRecord[]>;
  /** The region if this node has opened it for clients and it still exists. */
  regionById(id: RegionId): Region | undefined;
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
