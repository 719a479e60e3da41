import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { allMutants } from './all-mutants.js';
import { type LayerName, layerNames, type Mutant } from './mutant.js';

export interface Options {
  readonly help: boolean;
  readonly list: boolean;
  readonly json: boolean;
  readonly everyLayer: boolean;
  readonly jobs: number;
  readonly layers: readonly LayerName[];
  readonly mutants: readonly Mutant[];
}

export const usage = `usage: pnpm mutants [options]
  --only NAME,…      these mutants only
  --quick            the quick subset: some of each group, by the layers that need no seeds
  --layer L,…        these layers only, of ${layerNames.join(', ')}
  --all-layers       every layer on every mutant: which layers find which
  --jobs N           processes at a time (default 2, or fewer on a smaller machine)
  --list             the mutants, and what they break
  --json             one object on stdout`;

const quickLayers: readonly LayerName[] = ['scenarios', 'unit', 'mapped'];

/** Throws an error with one line for people when the arguments make no sense. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: args[0] === '--' ? args.slice(1) : [...args],
    strict: true,
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      layer: { type: 'string' },
      'all-layers': { type: 'boolean', default: false },
      jobs: { type: 'string' },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { help, list, json, quick } = values;
  const wanted = quick ? quickLayers : layerNames;
  return {
    help,
    list,
    json,
    everyLayer: values['all-layers'],
    jobs: jobsOf(values.jobs),
    layers: values.layer === undefined ? wanted : layersOf(values.layer),
    mutants: mutantsOf(values.only, quick),
  };
}

function jobsOf(text: string | undefined): number {
  if (text === undefined) return Math.min(2, availableParallelism());
  const jobs = Number(text);
  if (!Number.isSafeInteger(jobs) || jobs < 1) throw new Error(`--jobs takes a number of 1 or more, not "${text}"`);
  return jobs;
}

function layersOf(text: string): LayerName[] {
  return text.split(',').map((name) => {
    const layer = layerNames.find((one) => one === name);
    if (layer === undefined) throw new Error(`--layer knows ${layerNames.join(', ')}, not "${name}"`);
    return layer;
  });
}

function mutantsOf(only: string | undefined, quick: boolean): readonly Mutant[] {
  if (only === undefined) return quick ? allMutants.filter((mutant) => mutant.quick === true) : allMutants;
  return only.split(',').map((name) => {
    const mutant = allMutants.find((one) => one.name === name);
    if (mutant === undefined) throw new Error(`--only: there is no mutant "${name}"; --list shows them`);
    return mutant;
  });
}
