import type {
  AgentEffect,
  AgentInput,
  ErrorCode,
  FrameRef,
  Millis,
  NodeCounters,
  PageId,
  PageMessage,
  PageStateKind,
  Peer,
  RegionId,
  Right,
  Version,
} from '@pagewire/protocol';

/** The agent machine of `@pagewire/protocol`, as the pager drives it. */
export interface AgentMachine {
  step(now: Millis, input: AgentInput): AgentEffect[];
  readonly lastExclusive: number;
  readonly confirmedUpTo: number;
  readonly heldPages: number;
  holds(region: RegionId): boolean;
  isAsked(page: PageId): boolean;
  stateOf(page: PageId): PageStateKind;
  heldAt(page: PageId): { readonly right: Right; readonly version: Version } | undefined;
  holdings(region?: RegionId): Iterable<PageId>;
}

/** Puts the bytes of a frame into a message; the bytes are valid only during the send. */
export type FrameSource = (ref: FrameRef) => Uint8Array;

export interface PagerPorts {
  now(): Millis;
  /** True while the lease holds. When it does not, the call ends the pager's life (`end`) before it returns. */
  leaseHolds(now: Millis): boolean;
  send(to: Peer, message: PageMessage, frames: FrameSource): void;
  /** A peer broke the protocol, and what it sent was not acted upon. The call may end the pager's life before it returns. */
  violated(from: Peer, what: string): void;
  /** A bug stopped the pager half way through what the agent decided; the call ends the pager's life before it returns. */
  broken(error: unknown): void;
}

export type PagerCounters = Pick<NodeCounters, 'readFaults' | 'writeFaults' | 'pagesSent' | 'pagesReceived' | 'prefetched'>;

/** Why a pager has no life, and so no rights. */
export interface Ended {
  readonly code: ErrorCode;
  readonly message: string;
}
