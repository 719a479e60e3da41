export { Cluster, ClusterNode, type ClusterOptions, startCluster } from './cluster.js';
export { Managed } from './managed.js';
export { codeOf, firstByteOrCode } from './outcome.js';
export { childrenOf, isAlive } from './processes.js';
export { canFindSocketOwners } from './socket-owner.js';
export { Stranger } from './stranger.js';
export { increment, Tally, verdict } from './tally.js';
export { type Direction, TcpProxy, type Weather } from './tcp-proxy.js';
export { until } from './until.js';
