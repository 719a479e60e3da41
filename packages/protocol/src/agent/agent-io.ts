import type { ErrorCode } from '../errors.js';
import type { Incarnation, Millis, PageId, RegionId, Right } from '../ids.js';
import type { CoherenceMessage, PageMessage } from '../messages.js';

/** The home's place among the peers of an agent. */
export const HOME = 'home';
export type Peer = Incarnation | typeof HOME;

/** What an agent can be told. */
export type AgentInput =
  /** Accesses of this node need `right` to each of `pages`; those still waiting at `deadline` fail with `timeout`. */
  | { readonly kind: 'fault'; readonly pages: readonly PageId[]; readonly right: Right; readonly deadline: Millis }
  /** Hold the page: its right is not given up until the matching `unpin`. The page must have the right now. */
  | { readonly kind: 'pin'; readonly page: PageId; readonly right: Right }
  | { readonly kind: 'unpin'; readonly page: PageId; readonly right: Right }
  /** Give these pages up unasked (eviction, shutdown). Pages that are pinned, waiting or not held stay as they are. */
  | { readonly kind: 'evict'; readonly pages: readonly PageId[] }
  | { readonly kind: 'message'; readonly from: Peer; readonly message: CoherenceMessage }
  /** Pages of this region may be named from now on. */
  | { readonly kind: 'region-opened'; readonly region: RegionId; readonly pageBytes: number }
  /** The region is gone: forget its pages and fail its accesses with `no-such-region`. */
  | { readonly kind: 'region-deleted'; readonly region: RegionId }
  /** Time passed: fail what is past its deadline. */
  | { readonly kind: 'tick' };

/** What an agent wants done, in this order. */
export type AgentEffect =
  /** Encode and send. Content that is a {@link FrameRef} is read from the frame (or the snapshot, which is then dropped) before the next effect. */
  | { readonly kind: 'send'; readonly to: Peer; readonly message: PageMessage }
  /** Fill the page's frame; no access may see it yet. */
  | { readonly kind: 'stage'; readonly page: PageId; readonly content: Uint8Array | 'zero' }
  /** Accesses may use the page with `right`. Every access waiting for that right is run now, before the next input. */
  | { readonly kind: 'permit'; readonly page: PageId; readonly right: Right }
  /** Stores to the page must fault from now on. */
  | { readonly kind: 'protect'; readonly page: PageId }
  /** Every access to the page must fault from now on. Its frame keeps the bytes. */
  | { readonly kind: 'revoke'; readonly page: PageId }
  /** The page's frame may be reused. */
  | { readonly kind: 'forget'; readonly page: PageId }
  /** Copy the page's frame now and keep the copy under `snapshot`. */
  | { readonly kind: 'snapshot'; readonly page: PageId; readonly snapshot: number }
  /** Accesses waiting for this page end with `code`. */
  | { readonly kind: 'fail'; readonly page: PageId; readonly code: ErrorCode }
  /** A release asked for by `evict` has ended: the page is not held. */
  | { readonly kind: 'evicted'; readonly page: PageId }
  /** The exclusive grants up to and including number `upTo` are confirmed: what was written under them may be told. */
  | { readonly kind: 'confirmed'; readonly upTo: number }
  /** An input had no effect, and that is right; for traces and counters. */
  | { readonly kind: 'ignored'; readonly page?: PageId | undefined; readonly what: string; readonly why: string }
  /** A peer broke the protocol. The driver fences this node, or cuts the peer off. */
  | { readonly kind: 'violation'; readonly from: Peer; readonly what: string };
