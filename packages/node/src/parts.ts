/** Parts of a node, for what puts one together itself and watches it: a simulation. Programs use `join`. */
export { type ChosenMemory, softwareMemory } from './choose-memory.js';
export { ClusterNode, type ClusterNodeOptions, type RightsEnd } from './cluster-node.js';
export type { MemoryShape, PageMemory } from './memory.js';
export type { RegionHandle } from './region-handle.js';
export { SoftwareMemory } from './software-memory.js';
