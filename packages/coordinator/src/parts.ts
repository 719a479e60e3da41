/** Parts of a coordinator, for what watches its directory: a simulation. Programs use `startCoordinator`. */
export type { Directory } from './cluster.js';
export { startWithDirectory } from './coordinator.js';
