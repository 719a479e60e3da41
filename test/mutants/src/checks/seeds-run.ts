// Plays seeds of a world made of the sources with a bug, and says the verdict to its parent. argv: a SeededWorld.
import { type Layer, layerOf } from '@pagewire/sim';
import type { Mutant } from '../mutant.js';
import { mutantNamed } from '../mutant-named.js';
import type { Verdict } from './check.js';
import { conclude, oneLine, tieToParent, verdictOf } from './child-verdict.js';
import { loadSources } from './source-bundle.js';

/** Seeds of pure machines, or of whole processes, from seed 1. */
export type SeededWorld = { readonly seeds: number } & (
  | { readonly processes: 'cluster' }
  /** The module that has a layer of machines, and its name there. */
  | { readonly machines: { readonly file: string; readonly name: string } }
);

tieToParent();
const [, , text = '{}'] = process.argv;
// The parent sends what `all-checks.ts` made.
conclude(await play(JSON.parse(text) as SeededWorld));

async function play(world: SeededWorld): Promise<Verdict> {
  let layer: Layer;
  try {
    layer = await layerWith(mutantNamed(process.env['PAGEWIRE_MUTANT']), world);
  } catch (error) {
    return { kind: 'broken', why: oneLine(String(error)) };
  }
  for (let seed = 1; seed <= world.seeds; seed += 1) {
    const { failure } = await layer.play(seed);
    if (failure === undefined) continue;
    return verdictOf(`${layer.name}, seed ${seed}: ${oneLine(failure.what)}`, { name: failure.kind, message: failure.what });
  }
  return { kind: 'passed' };
}

async function layerWith(mutant: Mutant | undefined, world: SeededWorld): Promise<Layer> {
  if ('processes' in world) return layerOf(world.processes, mutant === undefined ? [] : [mutant]);
  const { file, name } = world.machines;
  const { [name]: layer } = await loadSources({ [file]: [name] }, mutant);
  // What the module exports under that name is a layer.
  return layer as Layer;
}
