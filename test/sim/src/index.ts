export { bundleProduct, type Product, type ProductBundle, type SourcePatch } from './cluster/product-bundle.js';
export { between, logUniform, pick, type Random, randomStream } from './cluster/random.js';
export { type ReadyCluster, readyCluster } from './cluster/ready-cluster.js';
export type { NodeProcess } from './cluster/simulated-cluster.js';
export type { Failure, Layer, Outcome, PlayOptions } from './layer.js';
export { type LayerName, layerNames, layerOf } from './layers.js';
export { World } from './machines/world.js';
export { WORLD_PAGE_BYTES, type WorldNode, worldPage } from './machines/world-node.js';
export { complement, type Shrunk, shrink } from './shrink.js';
