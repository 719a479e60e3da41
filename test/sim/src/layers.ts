import { clusterLayer } from './cluster/cluster-layer.js';
import { bundleProduct, type SourcePatch } from './cluster/product-bundle.js';
import type { Layer } from './layer.js';
import { coherenceLayer } from './machines/coherence/layer.js';
import { synchronizationLayer } from './machines/synchronization/layer.js';

/** The worlds that a seed can be played in. */
export const layerNames = ['coherence', 'synchronization', 'cluster'] as const;
export type LayerName = (typeof layerNames)[number];

/** Makes a layer; `patches` are for sources that it bundles itself. */
export async function layerOf(name: LayerName, patches: readonly SourcePatch[] = []): Promise<Layer> {
  switch (name) {
    case 'coherence':
      return coherenceLayer;
    case 'synchronization':
      return synchronizationLayer;
    case 'cluster':
      return clusterLayer(await bundleProduct(patches));
    default:
      throw new Error(`there is no layer ${name satisfies never}`);
  }
}
