import type { Incarnation, PageId, RegionId } from '../ids.js';
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
