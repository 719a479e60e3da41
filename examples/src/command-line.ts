import { parseArgs } from 'node:util';
import { catalogue, exampleNamed } from './catalogue.js';
import type { Example } from './example.js';

/** Where a team's members run. */
export type Place = 'threads' | 'processes';

/** What a command line asks for. */
export interface Request {
  readonly example: Example;
  readonly places: readonly Place[];
  readonly members: Readonly<Record<Place, number>>;
  readonly settings: Readonly<Record<string, number>>;
  readonly repetitions: number;
  readonly png: string | undefined;
  readonly json: boolean;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const usual = { repetitions: 3, quickRepetitions: 2, processes: 2, maxMembers: 64 } as const;

const shared = {
  on: { type: 'string' },
  processes: { type: 'string' },
  threads: { type: 'string' },
  repetitions: { type: 'string' },
  quick: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads the arguments of one command line; `help` where they ask for it. Throws a UsageError that says what is wrong. */
export function parseCommandLine(args: readonly string[]): Request | { readonly help: string } {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return { help: overview() };
  if (!catalogue.some((example) => example.name === name)) {
    throw new UsageError(`there is no example "${name}": choose one of ${catalogue.map((example) => example.name).join(', ')}`);
  }
  const example = exampleNamed(name);
  const values = parsed(example, rest);
  if (values['help'] === true) return { help: helpOn(example) };
  const quick = values['quick'] === true;
  const number = (option: string, otherwise: number): number => wholeNumber(option, values[option], otherwise);
  const processes = atMost('processes', number('processes', usual.processes));
  return {
    example,
    places: placesOf(values['on']),
    members: { processes, threads: atMost('threads', number('threads', processes)) },
    settings: Object.fromEntries(
      Object.entries(example.settings).map(([option, setting]) => [option, number(option, quick ? setting.quick : setting.usual)]),
    ),
    repetitions: number('repetitions', quick ? usual.quickRepetitions : usual.repetitions),
    png: typeof values['png'] === 'string' ? values['png'] : undefined,
    json: values['json'] === true,
  };
}

function parsed(example: Example, args: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  const settings = Object.keys(example.settings).map((option) => [option, { type: 'string' }] as const);
  const png = example.hasPicture ? { png: { type: 'string' } as const } : {};
  try {
    return parseArgs({ args: [...args], options: { ...shared, ...png, ...Object.fromEntries(settings) } }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: string, text: string | boolean | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (typeof text === 'string' && /^\d+$/.test(text) && value >= 1 && value <= 2 ** 31) return value;
  throw new UsageError(`--${option} is a whole number of 1 or more, not "${text}"`);
}

function atMost(option: string, value: number): number {
  if (value <= usual.maxMembers) return value;
  throw new UsageError(`--${option} is at most ${usual.maxMembers}, not ${value}`);
}

function placesOf(text: string | boolean | undefined): readonly Place[] {
  if (text === undefined || text === 'both') return ['threads', 'processes'];
  if (text === 'threads' || text === 'processes') return [text];
  throw new UsageError(`--on is threads, processes or both, not "${text}"`);
}

function overview(): string {
  const width = Math.max(...catalogue.map(({ name }) => name.length));
  return [
    'usage: pnpm example NAME [options]',
    '',
    ...catalogue.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`),
    '',
    'pnpm example NAME --help lists the options of one.',
  ].join('\n');
}

function helpOn({ name, about, settings, hasPicture }: Example): string {
  const rows: [string, string][] = [
    ...Object.entries(settings).map(([option, setting]): [string, string] => [
      `--${option} N`,
      `${setting.about} (${setting.usual}; with --quick ${setting.quick})`,
    ]),
    ['--processes N', `of the cluster (${usual.processes})`],
    ['--threads N', 'of the run in one process (as many as there are processes)'],
    ['--on PLACE', 'threads, processes, or both (both)'],
    ['--repetitions N', `figures are their medians (${usual.repetitions}; with --quick ${usual.quickRepetitions})`],
    ['--quick', 'smaller input: a check, not a measurement'],
    ['--json', 'one JSON object on standard output'],
    ...(hasPicture ? [['--png FILE', 'write a picture of the result'] satisfies [string, string]] : []),
  ];
  const width = Math.max(...rows.map(([option]) => option.length));
  return [
    `usage: pnpm example ${name} [options]`,
    about,
    '',
    ...rows.map(([option, text]) => `  ${option.padEnd(width)}  ${text}`),
    '',
    'Exit codes: 0 the parallel result holds, 1 it does not, 2 wrong arguments, 3 this machine has no mapped memory (docs/memory.md).',
  ].join('\n');
}
