export { Cluster, ClusterNode, type ClusterOptions, startCluster } from './cluster.js';
export { Managed } from './managed.js';
export { type Direction, Proxy, type Weather } from './proxy.js';
export { canFindSocketOwners } from './socket-owner.js';
export { until } from './until.js';
