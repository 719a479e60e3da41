import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
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
  /** Input too small for times to mean anything. */
  readonly quick: boolean;
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
  const processes = atMost('processes', number('processes', usual.processes), usual.maxMembers);
  const request: Request = {
    example,
    places: placesOf(values['on']),
    members: { processes, threads: atMost('threads', number('threads', processes), usual.maxMembers) },
    settings: Object.fromEntries(
      Object.entries(example.settings).map(([option, setting]) => [
        option,
        atMost(option, number(option, quick ? setting.quick : setting.usual), setting.most),
      ]),
    ),
    repetitions: number('repetitions', quick ? usual.quickRepetitions : usual.repetitions),
    quick,
    png: typeof values['png'] === 'string' ? writable(values['png']) : undefined,
    json: values['json'] === true,
  };
  judge(request);
  return request;
}

/** What the example itself has to say about its settings. */
function judge({ example, places, members, settings }: Request): void {
  for (const place of places) {
    try {
      example.check(settings, members[place]);
    } catch (error) {
      throw error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error;
    }
  }
}

/** The file, if it can be written: better known before the work than after it. */
function writable(file: string): string {
  const existing = statSync(file, { throwIfNoEntry: false });
  if (existing?.isDirectory()) throw new UsageError(`--png is a file, and ${file} is a folder`);
  try {
    accessSync(existing === undefined ? dirname(resolve(file)) : file, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--png cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return file;
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

function atMost(option: string, value: number, most = Number.POSITIVE_INFINITY): number {
  if (value <= most) return value;
  throw new UsageError(`--${option} is at most ${most}, not ${value}`);
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
      `${setting.about} (${setting.usual}; with --quick ${setting.quick}${setting.most === undefined ? '' : `; at most ${setting.most}`})`,
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
    'Exit codes: 0 the parallel result holds, 1 it does not, 2 wrong arguments, 3 this machine has no mapped memory (docs/mapped-memory.md).',
  ].join('\n');
}
