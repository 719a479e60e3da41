import { type PageId, pageIndex, type RegionId, regionId, regionOf } from '@pagewire/protocol';
import type { World } from '../world.js';
import { REGION, type WorldNode, worldPage } from '../world-node.js';

/** Existing at a time, and in all. */
const MOST_REGIONS = 2;
const MOST_REGIONS_EVER = 6;
const FIRST_NEW_REGION = 2;

/** A number for each page, for picking among them. */
export const pageNumber = (page: PageId): number => regionOf(page) * 8 + pageIndex(page);

/** Every region that there ever was: a node may not know yet that one is gone. */
export class Regions {
  readonly #ever: Map<RegionId, number>;
  #pagesEver: readonly PageId[];

  constructor(
    readonly world: World,
    firstPages: number,
  ) {
    this.#ever = new Map([[REGION, firstPages]]);
    this.#pagesEver = pagesOf(this.#ever);
  }

  /** The pages that exist. */
  pages(): readonly PageId[] {
    return this.#ever.size === this.world.regions.size ? this.#pagesEver : pagesOf(this.world.regions);
  }

  /** Pages of regions that exist, or of which the node has not heard that they are gone. */
  knownTo(node: WorldNode): readonly PageId[] {
    const { regions } = this.world;
    if (this.#ever.size === regions.size) return this.#pagesEver;
    return this.#pagesEver.filter((page) => regions.has(regionOf(page)) || node.regions.has(regionOf(page)));
  }

  /** Numbered by the step, so that a region keeps its number when others are left out. Undefined when there are enough. */
  create(step: number, pageCount: number): RegionId | undefined {
    if (this.world.regions.size >= MOST_REGIONS || this.#ever.size >= MOST_REGIONS_EVER) return undefined;
    const region = regionId(FIRST_NEW_REGION + step);
    this.#ever.set(region, pageCount);
    this.#pagesEver = pagesOf(this.#ever);
    this.world.createRegion(region, pageCount);
    return region;
  }
}

function pagesOf(regions: ReadonlyMap<RegionId, number>): PageId[] {
  const pages: PageId[] = [];
  for (const [region, pageCount] of regions) for (let at = 0; at < pageCount; at += 1) pages.push(worldPage(at, region));
  return pages;
}
