/** Every limit of the protocol, with its unit in its name. `docs/limits.md` explains them; a test compares the two. */
export const limits = {
  /** Smallest page: a page holds at least one atomic of every type with room to spare. */
  minPageBytes: 64,
  maxPageBytes: 64 * 1024,
  defaultPageBytes: 4096,
  maxRegionBytes: 1024 ** 4,
  /** A page's index fits 32 bits. */
  maxPagesPerRegion: 2 ** 32,
  maxRegions: 4096,
  maxRegionNameBytes: 128,
  /** The name of a node, and of one life of a coordinator. */
  maxNodeNameBytes: 64,
  maxNodes: 64,
  /** Addresses that one member may give. */
  maxUrlsPerMember: 8,
  maxUrlBytes: 256,
  /** Pages that one message may name. */
  maxItemsPerMessage: 256,
  /** Page bytes that the machines put into one message before they start another. */
  maxContentBytesPerMessage: 256 * 1024,
  /** One encoded message. A longer one is refused before it is read. */
  maxEnvelopeBytes: 512 * 1024,
  /** The header part of a message, without page bytes. The largest is a grant of every item with every node as an acker. */
  maxHeaderBytes: 160 * 1024,
  /** Text for people in a message: what does not fit is cut off. */
  maxTextBytes: 1024,
  /** The JSON of a status report. */
  maxStatusBytes: 256 * 1024,
  /** Regions that one `regions-listed` carries; the asker goes on after the last one. */
  maxRegionsPerList: 256,
  /** Bytes that one client operation may read or write; the client splits longer ones. */
  maxOperationBytes: 256 * 1024,
  /** Requests that may wait for one page at its home; more are refused with `overloaded`. */
  maxQueuedPerPage: 1024,
  /** Operations of one client that a node has under way; more are refused with `overloaded`. */
  maxOperationsPerClient: 4096,
  /** Page bytes that one node asks for, or gives back, at a time; what is beyond waits in its pager. */
  windowBytes: 4 * 1024 * 1024,
  /** Windows that one node may have asked for in all: one that is being answered, the others for requests that take long. */
  maxWindowsPerNode: 4,
  /** Bytes that may be buffered on a link between members: `maxNodes` × `maxWindowsPerNode` × `windowBytes`, all that can be asked of one. */
  maxMemberLinkBytes: 64 * 4 * 4 * 1024 * 1024,
  /** Accesses of one node that may wait in its pager. */
  maxWaitingAccesses: 65_536,
  /** Pages that one `pin` may hold. */
  maxPagesPerPin: 4096,
  /** Pages that sequential prefetch asks for ahead of a scan. */
  maxPrefetchPages: 64,
  /** The name of a lock, a semaphore or a barrier. */
  maxSyncNameBytes: 128,
  /** Locks, semaphores and barriers that nobody uses, and that are remembered for what happened to them: as many of each. */
  maxIdleSyncObjects: 4096,
  /** Requests that may wait for one lock, semaphore or address; and the parties of a barrier. */
  maxSyncWaitersPerObject: 4096,
  /** Requests about synchronization that one node has waiting or holds something by. */
  maxSyncRequestsPerNode: 4096,
  /** Permits of one semaphore. */
  maxPermits: 2 ** 31 - 1,
  /** How long a lock, a semaphore, a barrier or a wait on an address is waited for, unless its caller says otherwise. */
  syncTimeoutMs: 60_000,
  /** How long an access waits for its right before it fails with `timeout`. */
  faultTimeoutMs: 5000,
  /** The same for a plain load or store of mapped memory, which cannot fail: the process ends with it, so there is more patience. */
  plainFaultTimeoutMs: 30_000,
  /** How long an acquire may wait in a home's queue before it is refused with `timeout`. */
  queueTimeoutMs: 4000,
  /** A node whose renewals stop is declared lost this long after the last one arrived. */
  leaseMs: 3000,
  /** A node fences itself this long before its lease ends, measured from when it sent the renewal. */
  leaseMarginMs: 500,
  renewEveryMs: 500,
} as const;

/** How long before the end of a lease of `leaseMs` a node fences itself: `limits.leaseMarginMs`, or a quarter of a short lease. */
export const leaseMarginMs = (leaseMs: number): number => Math.min(limits.leaseMarginMs, Math.floor(leaseMs / 4));
