import type { Atomic } from './atomics.js';
import type { ErrorCode } from './errors.js';
import type { Incarnation, PageId, RegionId, RequestId, Right, Version } from './ids.js';
import type { Witness } from './witness.js';

/** The version of the wire format and of the rules. Peers of different versions refuse each other in the handshake. */
export const PROTOCOL_VERSION = 2;

/** Bytes that live in a frame of the sending node; its driver puts them in when it encodes the message. */
export interface FrameRef {
  readonly frame: PageId;
  /** Present when the bytes were put aside by a `snapshot` effect, because the message had to wait. */
  readonly snapshot?: number;
}

/**
 * The bytes of one page. `'zero'` stands for a page of zeros. Bytes that arrive in a message are valid only during the step that takes it:
 * whoever keeps them copies them.
 */
export type Content = Uint8Array | 'zero' | FrameRef;

/** agent → home: a fault needs `right`. `held` is the version of the readonly copy the requester has, if any. */
export interface AcquireItem {
  readonly page: PageId;
  readonly id: RequestId;
  readonly right: Right;
  readonly held?: Version | undefined;
}
/**
 * home → agent: the right is yours once you have the bytes and an ack from each of `ackers`. The bytes are in `content`, or are the copy
 * the requester has (`own`), or come in a `page` message (`peer`).
 */
export interface GrantItem {
  readonly page: PageId;
  readonly id: RequestId;
  readonly right: Right;
  readonly version: Version;
  readonly source: 'content' | 'own' | 'peer';
  readonly ackers: readonly Incarnation[];
  readonly content?: Content | undefined;
}
/** home → sharer or owner: send the page to `to`, for its request `id`. */
export interface SupplyItem {
  readonly page: PageId;
  readonly id: RequestId;
  readonly to: Incarnation;
  readonly version: Version;
}
/** home → holder: give the page up and send it to `to`, which gets `version`; keep an unreadable copy if `keep`. */
export interface TransferItem extends SupplyItem {
  readonly keep: boolean;
}
/** home → sharer: give the copy up and tell `to`. */
export interface InvalidateItem {
  readonly page: PageId;
  readonly id: RequestId;
  readonly to: Incarnation;
  readonly keep: boolean;
}
/** agent → agent: the bytes that request `id` waits for. `version` is the content's. */
export interface PageItem {
  readonly page: PageId;
  readonly id: RequestId;
  readonly version: Version;
  readonly content: Content;
}
/** Names a page and a request. */
export interface RequestItem {
  readonly page: PageId;
  readonly id: RequestId;
}
/** agent → home: now readonly here; the home gets the bytes. */
export interface DowngradedItem {
  readonly page: PageId;
  readonly id: RequestId;
  readonly version: Version;
  readonly content: Content;
}
/** Names a page and a version. */
export interface VersionItem {
  readonly page: PageId;
  readonly version: Version;
}
/** agent → home: I give the page up; these are its bytes at `version` (absent where the home is known to have them). */
export interface ReleaseItem extends VersionItem {
  readonly content?: Content | undefined;
}
/** home → agent: the request ends without a right. */
export interface RefusedItem extends RequestItem {
  readonly code: ErrorCode;
}
/** home → agents: what do you hold of this page? */
export interface QueryItem {
  readonly page: PageId;
  readonly round: number;
}
/** What a node holds of a page: `pending` is bytes that arrived for a request whose acks are missing, `kept` an unreadable copy. */
export type Holding = 'exclusive' | 'readonly' | 'pending' | 'kept' | 'none';
/** agent → home: the answer to a query. `version` is that of the bytes; `content` is absent for `exclusive` and `none`. */
export interface ReportItem {
  readonly page: PageId;
  readonly round: number;
  readonly holding: Holding;
  readonly version: Version;
  readonly content?: Content | undefined;
}

/** What each message about pages carries. Messages of one kind to one peer travel together, up to `limits.maxItemsPerMessage`. */
export interface PageItems {
  acquire: AcquireItem;
  grant: GrantItem;
  supply: SupplyItem;
  downgrade: SupplyItem;
  transfer: TransferItem;
  invalidate: InvalidateItem;
  page: PageItem;
  invalidated: RequestItem;
  downgraded: DowngradedItem;
  acquired: RequestItem;
  settled: VersionItem;
  release: ReleaseItem;
  released: VersionItem;
  refused: RefusedItem;
  query: QueryItem;
  report: ReportItem;
}
export type PageMessageKind = keyof PageItems;
/** A message about pages. */
export type PageMessage = { [K in PageMessageKind]: { readonly kind: K; readonly items: readonly PageItems[K][] } }[PageMessageKind];

/** home → all: a node's lease has ended; stop waiting for it. */
export interface NodeLost {
  readonly kind: 'node-lost';
  readonly member: Incarnation;
}
/** What travels between agents and homes. */
export type CoherenceMessage = PageMessage | NodeLost;

/** A member of the cluster, as others need to know it. */
export interface Member {
  readonly incarnation: Incarnation;
  readonly name: string;
  /** Where its peers reach it, in its order of preference: `ws://…`, `grpc://…`. */
  readonly urls: readonly string[];
}
/** What a node counts, since it joined. Sent with each renewal; `pagewire status` shows them. */
export interface NodeCounters {
  readonly readFaults: number;
  readonly writeFaults: number;
  readonly pagesSent: number;
  readonly pagesReceived: number;
  readonly prefetched: number;
  readonly clientOperations: number;
  readonly residentPages: number;
}
export const nodeCounterNames = [
  'readFaults',
  'writeFaults',
  'pagesSent',
  'pagesReceived',
  'prefetched',
  'clientOperations',
  'residentPages',
] as const satisfies readonly (keyof NodeCounters)[];

/** Membership: node ↔ coordinator. */
export type MembershipMessage =
  /** node → coordinator: let me in. `previous` is the life this process has ended (fenced), if any: it need not be waited out. */
  | { readonly kind: 'join'; readonly name: string; readonly urls: readonly string[]; readonly previous?: Incarnation | undefined }
  /** coordinator → node: you are in; every other member follows in `members`. `cluster` names this life of the coordinator. */
  | {
      readonly kind: 'joined';
      readonly cluster: string;
      readonly incarnation: Incarnation;
      readonly leaseMs: number;
      readonly renewEveryMs: number;
      /** How long the join waited, by the coordinator's clock, for the lease of an older life of this name to run out. 0 when it did not. */
      readonly waitedMs: number;
    }
  /** coordinator → all nodes: who is in now. */
  | { readonly kind: 'members'; readonly epoch: number; readonly members: readonly Member[] }
  /** node → coordinator, `sentAt` by the node's own clock, which alone compares it. */
  | { readonly kind: 'renew'; readonly sentAt: number; readonly counters: NodeCounters }
  /** coordinator → node: the renewal sent at `sentAt` holds for `leaseMs` from then. */
  | { readonly kind: 'renewed'; readonly sentAt: number }
  /** node → coordinator: I hold nothing any more and go. */
  | { readonly kind: 'leave' }
  /** coordinator → node: you are out, in good order. */
  | { readonly kind: 'left' }
  /** node → coordinator: I cannot reach this member though it is said to live. */
  | { readonly kind: 'suspect'; readonly member: Incarnation }
  /** coordinator → node: you are out; give up every right. */
  | { readonly kind: 'expelled'; readonly reason: string };

/** A region as the coordinator records it. */
export interface RegionRecord {
  readonly region: RegionId;
  readonly name: string;
  /** A multiple of `pageBytes`. */
  readonly bytes: number;
  readonly pageBytes: number;
}

/** Asks for an access with a {@link Witness}; the access then lies on one page. */
interface MayBeWitnessed {
  readonly witness?: boolean | undefined;
}
/** The witness of an access that was asked for with one. */
interface MayHaveWitness {
  readonly witness?: Witness | undefined;
}

/** Requests that nodes send to the coordinator, clients to nodes, and admins to the coordinator. `id` is the asker's. */
export type RequestMessage =
  | {
      readonly kind: 'open-region';
      readonly id: number;
      readonly name: string;
      readonly bytes?: number | undefined;
      readonly pageBytes?: number | undefined;
    }
  | { readonly kind: 'delete-region'; readonly id: number; readonly name: string }
  /** Asks for the first `limits.maxRegionsPerList` regions with a number above `after`; a shorter list than that is the last. */
  | { readonly kind: 'list-regions'; readonly id: number; readonly after?: RegionId | undefined }
  | { readonly kind: 'status'; readonly id: number }
  | (MayBeWitnessed & {
      readonly kind: 'read';
      readonly id: number;
      readonly region: RegionId;
      readonly offset: number;
      readonly length: number;
    })
  | (MayBeWitnessed & {
      readonly kind: 'write';
      readonly id: number;
      readonly region: RegionId;
      readonly offset: number;
      readonly content: Uint8Array;
    })
  | (MayBeWitnessed & {
      readonly kind: 'operate';
      readonly id: number;
      readonly region: RegionId;
      readonly offset: number;
      readonly atomic: Atomic;
    });

/** Answers to requests, with the asker's `id`. */
export type ReplyMessage =
  | { readonly kind: 'region-opened'; readonly id: number; readonly record: RegionRecord }
  | { readonly kind: 'deleted'; readonly id: number }
  /** Ascending by `region`. */
  | { readonly kind: 'regions-listed'; readonly id: number; readonly records: readonly RegionRecord[] }
  | { readonly kind: 'status-reported'; readonly id: number; readonly json: string }
  | (MayHaveWitness & { readonly kind: 'bytes-read'; readonly id: number; readonly content: Uint8Array })
  | (MayHaveWitness & { readonly kind: 'written'; readonly id: number })
  | (MayHaveWitness & { readonly kind: 'operated'; readonly id: number; readonly value: number | bigint })
  | { readonly kind: 'failed'; readonly id: number; readonly code: ErrorCode; readonly message: string };

/** coordinator → nodes → clients: the region is gone, and every page of it. */
export interface RegionDeleted {
  readonly kind: 'region-deleted';
  readonly region: RegionId;
}

/**
 * Requests about synchronization: node → coordinator. `id` is the node's, larger with each request of one life of it. Each ends with one
 * answer of that `id`; what was obtained stays the node's until it is given back or the node is a member no more.
 */
export type SyncRequest =
  /** Let me hold the lock. */
  | { readonly kind: 'lock'; readonly id: number; readonly name: string }
  /** Let me have `count` of the `permits` that the semaphore has. All who use it at a time agree on `permits`. */
  | { readonly kind: 'take-permits'; readonly id: number; readonly name: string; readonly permits: number; readonly count: number }
  /** What request `id` obtained is not needed any more. */
  | { readonly kind: 'give-back'; readonly id: number }
  /** One of `parties` has come to the barrier. All who wait there agree on `parties`. */
  | { readonly kind: 'arrive'; readonly id: number; readonly name: string; readonly parties: number }
  /** The value at `offset` of the page was the expected one at `version`: tell me when somebody notifies that address. */
  | { readonly kind: 'wait'; readonly id: number; readonly page: PageId; readonly offset: number; readonly version: Version }
  /** Wake up to `count` of those that wait on the address, or all of them. */
  | { readonly kind: 'notify'; readonly id: number; readonly page: PageId; readonly offset: number; readonly count?: number | undefined }
  /** Do not wait for request `id` any longer. It has no effect on a request that was answered: that answer stands. */
  | { readonly kind: 'cancel'; readonly id: number };

/** Answers about synchronization: coordinator → node, with the `id` of the request. */
export type SyncReply =
  /** The lock or the permits are yours. `token` grows with everything that is obtained; `abandoned`: a holder before was lost with it. */
  | { readonly kind: 'obtained'; readonly id: number; readonly token: number; readonly abandoned: boolean }
  | { readonly kind: 'given-back'; readonly id: number }
  /** All parties have come. */
  | { readonly kind: 'passed'; readonly id: number; readonly generation: number }
  /** No end yet: the request waits for a notify. With `recheck` the value may have changed, or may be changed, with nobody to notify. */
  | { readonly kind: 'waiting'; readonly id: number; readonly recheck: boolean }
  /** There is a newer version than the one at which the value was seen: the request does not wait. */
  | { readonly kind: 'look-again'; readonly id: number }
  | { readonly kind: 'woken'; readonly id: number }
  /** How many a notify has woken. */
  | { readonly kind: 'notified'; readonly id: number; readonly woken: number }
  /** The request ended because of its `cancel`. */
  | { readonly kind: 'cancelled'; readonly id: number }
  /** The request ends without what it asked for. */
  | { readonly kind: 'denied'; readonly id: number; readonly code: ErrorCode; readonly message: string };

/** Everything that travels in an envelope. */
export type Message = CoherenceMessage | MembershipMessage | RequestMessage | ReplyMessage | RegionDeleted | SyncRequest | SyncReply;
export type MessageKind = Message['kind'];
