import { parentPort, workerData } from 'node:worker_threads';
import { type LayerName, layerOf } from './layers.js';

/** Which seeds a worker plays. */
export interface SeedShare {
  readonly layer: LayerName;
  readonly firstSeed: number;
  readonly seeds: number;
  /** Plays every `stride`-th seed. */
  readonly stride: number;
}

/** Plays its share in order and reports each outcome, without its trace. */
async function playShare({ layer, firstSeed, seeds, stride }: SeedShare): Promise<void> {
  const world = await layerOf(layer);
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += stride) parentPort?.postMessage(await world.play(seed));
}

// Whoever starts this file gives it its share.
if (parentPort !== null) await playShare(workerData as SeedShare);
