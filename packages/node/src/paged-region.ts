import { type ErrorCode, limits, type RegionId, type RegionRecord, type Right } from '@pagewire/protocol';
import { type PageMemory, pageRights } from './memory.js';
import { SequentialDetector } from './prefetch.js';

/** What every handle of one region on this node shares. */
export class PagedRegion {
  readonly record: RegionRecord;
  readonly memory: PageMemory;
  readonly scans = new SequentialDetector({ maxPages: limits.maxPrefetchPages });
  /** Set when the region stopped existing for this node: what its accesses fail with. */
  gone: { readonly code: ErrorCode; readonly message: string } | undefined;

  constructor(record: RegionRecord, memory: PageMemory) {
    this.record = record;
    this.memory = memory;
  }

  get id(): RegionId {
    return this.record.region;
  }

  permits(index: number, right: Right): boolean {
    return this.memory.rightOf(index) >= pageRights[right];
  }
}
