import { type AgentEffect, invariant, type PageId, pageIndex, type RegionId, regionOf, showPage, unreachable } from '@pagewire/protocol';
import type { PageMemory } from './memory.js';
import type { PagedRegion } from './paged-region.js';
import type { FrameSource } from './pager-ports.js';

type FrameEffect = Extract<AgentEffect, { kind: 'stage' | 'permit' | 'protect' | 'revoke' | 'forget' | 'snapshot' }>;

/** The memory of all regions, by page id, and the pages that were put aside for messages that have to wait. */
export class Frames {
  readonly #regions = new Map<RegionId, PagedRegion>();
  readonly #snapshots = new Map<number, Uint8Array>();
  /** Memories that have something to flush. */
  readonly #changed = new Set<PageMemory>();

  add(region: PagedRegion): void {
    this.#regions.set(region.id, region);
  }

  drop(region: PagedRegion): void {
    this.#regions.delete(region.id);
    this.#changed.delete(region.memory);
  }

  regions(): Iterable<PagedRegion> {
    return this.#regions.values();
  }

  regionOf(page: PageId): PagedRegion | undefined {
    return this.#regions.get(regionOf(page));
  }

  /** Every access to every page must fault, and no message that waits will leave. */
  revokeAll(): void {
    for (const region of this.#regions.values()) region.memory.revokeAll();
    this.#snapshots.clear();
    this.#changed.clear();
  }

  /** What was performed holds for every thread now. To be called before anything leaves this node (I4). */
  flush(): void {
    for (const memory of this.#changed) memory.flush();
    this.#changed.clear();
  }

  perform(effect: FrameEffect): void {
    const region = this.regionOf(effect.page);
    // A region that was deleted has no frames left to forget.
    if (region === undefined && effect.kind === 'forget') return;
    invariant(region !== undefined, `${effect.kind} of page ${showPage(effect.page)}, whose region is not open here`);
    const index = pageIndex(effect.page);
    this.#changed.add(region.memory);
    switch (effect.kind) {
      case 'stage':
        return region.memory.stage(index, effect.content);
      case 'permit':
        return region.memory.permit(index, effect.right);
      case 'protect':
        return region.memory.protect(index);
      case 'revoke':
        return region.memory.revoke(index);
      case 'forget':
        return region.memory.forget(index);
      case 'snapshot':
        this.#snapshots.set(effect.snapshot, region.memory.view(index).slice());
        return;
      default:
        unreachable(effect);
    }
  }

  /** Bytes for a message: of a frame as it is now, or of a snapshot, which is used once. */
  readonly source: FrameSource = ({ frame, snapshot }) => {
    if (snapshot === undefined) {
      const region = this.regionOf(frame);
      invariant(region !== undefined, `page ${showPage(frame)} is sent, but its region is not open here`);
      return region.memory.view(pageIndex(frame));
    }
    const bytes = this.#snapshots.get(snapshot);
    invariant(bytes !== undefined, `snapshot ${snapshot} of page ${showPage(frame)} is sent without having been taken`);
    this.#snapshots.delete(snapshot);
    return bytes;
  };
}
