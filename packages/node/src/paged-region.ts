import { type ErrorCode, limits, type RegionId, type RegionRecord, type Right } from '@pagewire/protocol';
import { type PageMemory, pageRights } from './memory.js';
import { SequentialDetector } from './prefetch.js';

/** What a region needs of a handle of it. */
export interface OpenHandle {
  /** Lets every pin go, as at the end of the node. */
  releasePins(): void;
}

/** What every handle of one region on this node shares. */
export class PagedRegion {
  readonly record: RegionRecord;
  readonly memory: PageMemory;
  readonly scans = new SequentialDetector({ maxPages: limits.maxPrefetchPages });
  /** The handles that are open. */
  readonly handles = new Set<OpenHandle>();
  /** Set when the region stopped existing for this node: what its accesses fail with. */
  gone: { readonly code: ErrorCode; readonly message: string } | undefined;

  constructor(record: RegionRecord, memory: PageMemory) {
    this.record = record;
    this.memory = memory;
  }

  get id(): RegionId {
    return this.record.region;
  }

  /** True while a handle is open: its pages stay here until others want them. */
  get inUse(): boolean {
    return this.handles.size > 0;
  }

  permits(index: number, right: Right): boolean {
    return this.memory.rightOf(index) >= pageRights[right];
  }
}
