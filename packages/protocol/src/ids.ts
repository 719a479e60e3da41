import { InvariantError } from './errors.js';

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** The name a node was started under, such as `n1`. Two lives of one node share it. */
export type NodeId = Branded<string, 'NodeId'>;
/** One life of a node. Issued by the coordinator when the node joins, never reused, so it alone identifies a holder. */
export type Incarnation = Branded<number, 'Incarnation'>;
/** Membership generation: raised whenever a node joins, leaves or is lost. */
export type Epoch = Branded<number, 'Epoch'>;
/**
 * A region's number. Issued by the coordinator, which gives none twice in its life and starts at a random place, so that a message about a
 * deleted region, or about one of a former coordinator, is not mistaken.
 */
export type RegionId = Branded<number, 'RegionId'>;
/** A page of a region: `regionId × 2^32 + index`. */
export type PageId = Branded<number, 'PageId'>;
/** Page content counter, raised by each exclusive grant: equal version, equal bytes (I3). 0 is the page of zeros that nobody has written. */
export type Version = Branded<number, 'Version'>;
/** Names one acquire of one incarnation. Never reused within it. */
export type RequestId = Branded<number, 'RequestId'>;
/** Milliseconds on a monotonic clock of the process that reads it. Never compared across processes. */
export type Millis = Branded<number, 'Millis'>;

/** What a node may do with a page that it holds. */
export type Right = 'readonly' | 'exclusive';

const PAGES_PER_REGION = 2 ** 32;
const REGION_LIMIT = 2 ** 20;

// The casts below are where numbers become ids; nothing else in the project may make one.
export const nodeId = (name: string): NodeId => name as NodeId;
export const incarnation = (n: number): Incarnation => n as Incarnation;
export const epoch = (n: number): Epoch => n as Epoch;
export const regionId = (n: number): RegionId => n as RegionId;
export const version = (n: number): Version => n as Version;
export const requestId = (n: number): RequestId => n as RequestId;
export const millis = (n: number): Millis => n as Millis;

/** The id of page `index` of `region`. */
export function pageId(region: RegionId, index: number): PageId {
  if (!Number.isInteger(index) || index < 0 || index >= PAGES_PER_REGION || region >= REGION_LIMIT) {
    throw new InvariantError(`page ${index} of region ${region} cannot be named`);
  }
  return (region * PAGES_PER_REGION + index) as PageId;
}

const isBelow = (value: unknown, limit: number): value is number =>
  typeof value === 'number' && value >= 0 && value < limit && Number.isSafeInteger(value);

/** True for a number that can be a region's: what a decoder asks of a number that a peer sent. */
export const isRegionId = (value: unknown): value is RegionId => isBelow(value, REGION_LIMIT);
/** True for a number that can name a page. */
export const isPageId = (value: unknown): value is PageId => isBelow(value, REGION_LIMIT * PAGES_PER_REGION);

export const regionOf = (page: PageId): RegionId => Math.floor(page / PAGES_PER_REGION) as RegionId;
export const pageIndex = (page: PageId): number => page % PAGES_PER_REGION;
/** A page for people: `3:17` is page 17 of region 3. */
export const showPage = (page: PageId): string => `${regionOf(page)}:${pageIndex(page)}`;
/** The version after `v`. */
export const nextVersion = (v: Version): Version => (v + 1) as Version;
