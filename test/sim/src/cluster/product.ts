/** What a simulated process runs: the product, from its sources. Bundled, and evaluated once for each process; see `product-bundle.ts`. */
export { connect } from '@pagewire/client';
export { startWithDirectory } from '@pagewire/coordinator/parts';
export { ClusterNode, SoftwareMemory, softwareMemory } from '@pagewire/node/parts';
export { Home } from '@pagewire/protocol';
