export { type ErrorCode, PagewireError, type RegionOptions, type RegionRecord } from '@pagewire/protocol';
export { chooseMemory, type MemoryChoice } from './choose-memory.js';
export { exitCodes, otherExitCode } from './exit-codes.js';
export { type JoinOptions, join } from './join.js';
export { joinFromEnv, type RankedNode, runVariables } from './join-from-env.js';
export type { MemoryKind, MemoryMode, MemoryWindow } from './memory.js';
export type { Node } from './node.js';
export type { Place } from './place.js';
export type { Pin, Region } from './region.js';
export { serviceLimits } from './service-client.js';
export type { NodeState } from './service-host.js';
export type {
  Barrier,
  HeldLock,
  HeldPermits,
  Lock,
  Semaphore,
  WaitLimit,
  WaitResult,
} from './sync/sync-objects.js';
export type { TransportKind } from './transport-choice.js';
