export { type Coordinator, type CoordinatorOptions, coordinatorDefaults, startCoordinator } from './coordinator.js';
export type { Log, LogLine } from './log.js';
export type { ClusterStatus, NodeRates, NodeStatus, PageCounts, RatedCounter } from './status.js';
