import type { PageStanding } from '../home/home-io.js';
import type { Incarnation, RegionId } from '../ids.js';
import type { SyncReply, SyncRequest } from '../messages.js';

/** A request about an address, which the machine can judge only with what the home knows of the page. */
export type AddressRequest = Extract<SyncRequest, { kind: 'wait' | 'notify' }>;
/** What has a name. */
export type SyncObjectKind = 'lock' | 'semaphore' | 'barrier';

/** What a table of synchronization objects can be told. */
export type SyncInput =
  | { readonly kind: 'message'; readonly from: Incarnation; readonly message: Exclude<SyncRequest, AddressRequest> }
  /** `standing` is what the home says of the page at this moment. */
  | { readonly kind: 'address-message'; readonly from: Incarnation; readonly message: AddressRequest; readonly standing: PageStanding }
  /** A node has joined: only members are listened to. */
  | { readonly kind: 'member-joined'; readonly member: Incarnation }
  /** A node is a member no more: by its own goodbye (`left`), or because its lease has ended. */
  | { readonly kind: 'member-lost'; readonly member: Incarnation; readonly left: boolean }
  | { readonly kind: 'region-deleted'; readonly region: RegionId };

/** What the table wants done, in this order. */
export type SyncEffect =
  | { readonly kind: 'send'; readonly to: Incarnation; readonly message: SyncReply }
  /** For the log: a node went while it held this. Whoever obtains it next is told. */
  | { readonly kind: 'abandoned'; readonly object: 'lock' | 'semaphore'; readonly name: string; readonly by: Incarnation }
  /** For the log: a barrier lost a node that took part in it. `waiting` is how many were told instead of waiting on. */
  | { readonly kind: 'broken'; readonly name: string; readonly by: Incarnation; readonly waiting: number }
  /** For the log: too much is remembered of objects that nobody uses, so this one is not any more. */
  | { readonly kind: 'forgotten'; readonly object: SyncObjectKind; readonly name: string }
  /** An input had no effect, and that is right. */
  | { readonly kind: 'ignored'; readonly what: string; readonly why: string }
  /** A member broke the protocol. The driver expels it; nothing of the message was done. */
  | { readonly kind: 'violation'; readonly from: Incarnation; readonly what: string };
