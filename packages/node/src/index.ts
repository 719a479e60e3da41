export { type ErrorCode, PagewireError, type RegionOptions, type RegionRecord } from '@pagewire/protocol';
export { type JoinOptions, join } from './join.js';
export type { MemoryKind, MemoryMode } from './memory.js';
export type { Node } from './node.js';
export type { Pin, Region } from './region.js';
export { serviceLimits } from './service-client.js';
export type { NodeState } from './service-host.js';
export type { TransportKind } from './transport-choice.js';
