import type { Atomic } from './atomics.js';
import { PagewireError } from './errors.js';
import type { Incarnation, Version } from './ids.js';
import type { RegionShape } from './region-access.js';
import { showValue } from './show-value.js';

/**
 * When and where an access to one page was performed. Witnesses order the accesses to a page: by version; at one version those of the
 * incarnation that wrote it come first, ordered by serial, and then those of all others, which see its last write. For an exclusive right
 * gives each version one writer (I1), and nobody else has the page before that tenure has ended.
 */
export interface Witness {
  /** The life of the node that performed the access. */
  readonly incarnation: Incarnation;
  /** The version of the page that the access saw or wrote. It names a tenure, not a store: the holder may write many times at one version. */
  readonly version: Version;
  /** Strictly grows from access to access that one process of a node witnesses, whatever the pages. */
  readonly serial: number;
}

/**
 * Told that an access was performed, as soon as this process knows. What it throws is an uncaught exception. On a node with software memory that is at once, before anything else can
 * happen to the page.
 *
 * @param confirmed when others may depend on what was performed, absent where that is so already. Rejects when the node ends first: then it may
 * be undone as if it had never been, together with all that the node did afterwards.
 */
export type Performed = (witness: Witness, confirmed?: Promise<void>) => void;

/**
 * The accesses of a region with a witness for each. Every one lies on one page (`bad-argument` otherwise), for pages have versions of their own.
 * For histories that are checked afterwards (`@pagewire/history`).
 */
export interface WitnessedAccess {
  read(offset: number, length: number, performed: Performed): Promise<Uint8Array>;
  write(offset: number, bytes: Uint8Array, performed: Performed): Promise<void>;
  operate(offset: number, atomic: Atomic, performed: Performed): Promise<number | bigint>;
}

/** Throws `bad-argument` unless it can be told: a program in JavaScript can pass anything, and would learn it too late. */
export function checkPerformed(performed: unknown): void {
  if (typeof performed === 'function') return;
  throw new PagewireError('bad-argument', `an access with a witness takes a function to tell it to, not ${showValue(performed)}`);
}

/**
 * Throws `bad-argument` unless the range, which lies in the region, lies on one page: what a witness can speak of. Atomics always do, for they
 * are aligned and no page is smaller than they are.
 */
export function checkWitnessable(shape: RegionShape, offset: number, length: number): void {
  const onOnePage = length > 0 && Math.floor(offset / shape.pageBytes) === Math.floor((offset + length - 1) / shape.pageBytes);
  if (onOnePage) return;
  const what = `${length} bytes at ${offset} of region "${shape.name}"`;
  throw new PagewireError('bad-argument', `an access with a witness lies on one page of ${shape.pageBytes} bytes, not ${what}: split it`);
}
