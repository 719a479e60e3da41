import { machineLayer } from '../machine-layer.js';
import { drawMix } from './mix.js';
import { RandomRun } from './random-run.js';

/** Agents and a home under random accesses, releases, deaths and delays: I1 to I8. Its parts are the steps of the run. */
export const coherenceLayer = machineLayer({
  name: 'coherence',
  parts: (seed) => drawMix(seed).steps,
  start: (seed, options) => new RandomRun(seed, options),
});
