import type { Incarnation, PageId, RegionId, Version } from '../ids.js';
import type { CoherenceMessage, PageMessage } from '../messages.js';

/** What a home can be told. */
export type HomeInput =
  | { readonly kind: 'message'; readonly from: Incarnation; readonly message: CoherenceMessage }
  /** A node has joined: only members are listened to. */
  | { readonly kind: 'member-joined'; readonly member: Incarnation }
  /** A node's lease has ended, or it left: it holds nothing and nothing it sent counts any more. */
  | { readonly kind: 'member-lost'; readonly member: Incarnation }
  | { readonly kind: 'region-created'; readonly region: RegionId; readonly pageCount: number; readonly pageBytes: number }
  | { readonly kind: 'region-deleted'; readonly region: RegionId }
  /** Memory is short: drop the home's bytes of these pages where a sharer has them. */
  | { readonly kind: 'trim'; readonly pages: readonly PageId[] }
  /** Time passed: refuse what has waited too long. */
  | { readonly kind: 'tick' };

/** What a home wants done, in this order. */
export type HomeEffect =
  | { readonly kind: 'send'; readonly to: Incarnation; readonly message: PageMessage }
  /** The page is lost: its only copy died with a node. */
  | { readonly kind: 'lost'; readonly page: PageId }
  /** An input had no effect, and that is right. */
  | { readonly kind: 'ignored'; readonly page?: PageId | undefined; readonly what: string; readonly why: string }
  /** A member broke the protocol. The driver expels it; nothing of the item at fault was done. */
  | { readonly kind: 'violation'; readonly from: Incarnation; readonly what: string };

/** What the home knows of a page, for a waiter that has seen a version of it. */
export type PageStanding =
  | { readonly kind: 'absent'; readonly code: 'no-such-region' | 'out-of-range' }
  /** Its newest bytes died with a node. */
  | { readonly kind: 'lost' }
  /**
   * `version` is the newest that is committed: whatever follows from a store under a newer one has not left the node that made it.
   * `newer` tells whether a newer one has been granted.
   */
  | { readonly kind: 'current'; readonly version: Version; readonly newer: boolean };
