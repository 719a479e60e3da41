import { machineLayer } from '../machine-layer.js';
import { drawMix } from './mix.js';
import { SyncRun } from './sync-run.js';

/** Locks, semaphores, barriers and waits under random schedules and deaths. Its parts are the steps of the run. */
export const synchronizationLayer = machineLayer({
  name: 'synchronization',
  parts: (seed) => drawMix(seed).steps,
  start: (seed, options) => new SyncRun(seed, options),
});
