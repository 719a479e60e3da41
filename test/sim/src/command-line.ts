import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type LayerName, layerNames } from './layers.js';

/** What `pnpm sim` was asked to do. */
export interface SimulateCommand {
  readonly layers: readonly LayerName[];
  readonly firstSeed: number;
  readonly seeds: number;
  /** Play just this seed, here. */
  readonly seed: number | undefined;
  readonly trace: boolean;
  /** Parts of the seed's plan that are played; all when undefined. */
  readonly only: readonly number[] | undefined;
  readonly jobs: number;
  readonly goOn: boolean;
  readonly json: boolean;
}

export const usage = `pnpm sim [--first-seed N] [--seeds N] [--layer ${layerNames.join('|')}]… [--jobs N] [--go-on] [--json]
pnpm sim --seed N [--layer NAME] [--trace] [--only PART,…]

Plays random histories of a whole cluster under virtual time, each from one seed, and checks every step. The first failing seed is
shrunk and ends the run, unless --go-on. A seed replays exactly; --trace prints what happens in it.`;

const largestSeed = 2 ** 31 - 1;

/** Throws a message for people when the arguments are wrong. */
export function parseCommandLine(args: readonly string[]): SimulateCommand | 'help' {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      'first-seed': { type: 'string' },
      seeds: { type: 'string' },
      seed: { type: 'string' },
      layer: { type: 'string', multiple: true },
      only: { type: 'string' },
      jobs: { type: 'string' },
      trace: { type: 'boolean', default: false },
      'go-on': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const seed = values.seed === undefined ? undefined : whole('--seed', values.seed, 0, largestSeed);
  if (seed === undefined && (values.trace || values.only !== undefined)) throw new Error('--trace and --only need --seed N');
  const many = [values['first-seed'], values.seeds, values.jobs].some((value) => value !== undefined) || values['go-on'];
  if (seed !== undefined && many) throw new Error('--seed N plays one seed: leave out --first-seed, --seeds, --jobs and --go-on');
  const firstSeed = whole('--first-seed', values['first-seed'] ?? '1', 0, largestSeed);
  const seeds = whole('--seeds', values.seeds ?? '1000', 1, largestSeed);
  if (firstSeed + seeds - 1 > largestSeed) throw new Error(`--first-seed and --seeds lead beyond the last seed, ${largestSeed}`);
  if (values.only !== undefined && values.layer?.length !== 1)
    throw new Error('--only names parts of the plan of one layer: add --layer NAME');
  return {
    layers: values.layer?.map(layer) ?? layerNames,
    firstSeed,
    seeds,
    seed,
    trace: values.trace,
    only: values.only === undefined ? undefined : values.only.split(',').map((part) => whole('--only', part, 0, largestSeed)),
    jobs: whole('--jobs', values.jobs ?? String(availableParallelism()), 1, 256),
    goOn: values['go-on'],
    json: values.json,
  };
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`${flag} takes a whole number from ${least} to ${most}, not "${text}"`);
}

function layer(name: string): LayerName {
  const known = layerNames.find((each) => each === name);
  if (known === undefined) throw new Error(`--layer is one of ${layerNames.join(', ')}, not "${name}"`);
  return known;
}
