import { parseArgs } from 'node:util';
import type { LayoutName } from './layout.js';

export const targetNames = ['simulation', 'processes', 'mapped'] as const;
export type TargetName = (typeof targetNames)[number];

export interface CommandLine {
  /** The file of tests; undefined for those that come with this package. */
  readonly file: string | undefined;
  readonly target: TargetName;
  readonly iterations: number;
  /** Names of the tests to run; empty for all. */
  readonly tests: readonly string[];
  readonly layout: Exclude<LayoutName, 'given'> | 'both';
  readonly seed: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** A command line that cannot be followed; the message is all that its writer needs. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `Usage: pnpm litmus [options]

Runs litmus tests of the memory model and says which outcomes were seen.

  --file FILE           tests to run (default: the ones that come with pagewire)
  --target TARGET       ${targetNames.join(', ')} (default: simulation)
  --iterations N        iterations of each test in each layout (default: 1000)
  --test NAME           run only this test; may be given several times
  --layout LAYOUT       own-pages, one-page or both (default: both)
  --seed N              what random delays are drawn from (default: 1)
  --json                print one JSON object on standard output
  --help                show this

Exit code 0: all is well. 1: an outcome was seen that must not be, or a run has not raced. 2: the command line or the file is wrong.
`;

/** Throws {@link UsageError}. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  // `pnpm litmus -- --json` hands the dashes on.
  const values = optionsOf(args[0] === '--' ? args.slice(1) : args);
  return {
    file: values.file,
    target: oneOf('--target', values.target ?? 'simulation', targetNames),
    iterations: wholeNumber('--iterations', values.iterations ?? '1000', 1, 100_000_000),
    tests: values.test ?? [],
    layout: oneOf('--layout', values.layout ?? 'both', ['own-pages', 'one-page', 'both']),
    seed: wholeNumber('--seed', values.seed ?? '1', 0, 2 ** 32 - 1),
    json: values.json === true,
    help: values.help === true,
  };
}

function optionsOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        file: { type: 'string' },
        target: { type: 'string' },
        iterations: { type: 'string' },
        test: { type: 'string', multiple: true },
        layout: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    // The first sentence says what is wrong; what follows is advice about positional arguments, which there are none of.
    throw new UsageError(error instanceof Error ? (error.message.split(/[.]?\n|[.] /)[0] ?? error.message) : String(error));
  }
}

function oneOf<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new UsageError(`${option} is one of ${choices.join(', ')}, not "${value}"`);
  return found;
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new UsageError(`${option} is a whole number from ${least} to ${most}, not "${text}"`);
  return value;
}
