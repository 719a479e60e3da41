import type { Layer } from '../layer.js';
import { ClusterRun } from './cluster-run.js';
import { drawPlan } from './plan.js';
import type { ProductBundle } from './product-bundle.js';

/** Whole processes of `bundle`: the real node, coordinator and client, their links, timers and service. */
export const clusterLayer = (bundle: ProductBundle): Layer => ({
  name: 'cluster',
  parts: (seed) => drawPlan(seed).parts,
  play: (seed, options = {}) => new ClusterRun(drawPlan(seed), bundle, options).play(),
});
