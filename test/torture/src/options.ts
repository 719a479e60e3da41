import { parseArgs } from 'node:util';
import { type FaultKind, faultKinds, isFaultKind } from './faults.js';

export const memoryChoices = ['auto', 'mapped', 'software'] as const;
export const transportChoices = ['ws', 'grpc', 'both'] as const;
export const networkChoices = ['auto', 'namespaces', 'proxy'] as const;

/** What a run is to do. */
export interface TortureOptions {
  /** How long the load and the nemesis last; start, final checks and shutdown come on top. */
  readonly minutes: number;
  readonly seed: number;
  readonly nodes: number;
  /** Mapped programs besides, where the machine has mapped memory. */
  readonly programs: number;
  readonly memory: (typeof memoryChoices)[number];
  readonly transport: (typeof transportChoices)[number];
  readonly network: (typeof networkChoices)[number];
  readonly kinds: readonly FaultKind[];
  readonly leaseMs: number;
  /** Install missing Debian packages for the network namespaces. */
  readonly install: boolean;
  /** Print the schedule and do nothing. */
  readonly dryRun: boolean;
  readonly json: boolean;
  /** A folder for what the processes say on standard error. */
  readonly logs: string | undefined;
}

export const usage = `usage: pnpm torture [--minutes M] [--seed N] [--nodes N] [--programs N] [--memory auto|mapped|software]
                    [--transport ws|grpc|both] [--network auto|namespaces|proxy] [--nemesis KIND,KIND…] [--lease-ms N]
                    [--no-install] [--dry-run] [--logs FOLDER] [--json]

A cluster of real processes under verified load while a nemesis does its worst; then everything heals and is checked.
KIND: ${faultKinds.join(' ')}
Exit code 0: all verified. 1: something was wrong, or a nemesis had no effect. 2: used wrongly.`;

/** A mistake in how the command was called. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const flags = {
  minutes: { type: 'string', default: '1' },
  seed: { type: 'string' },
  nodes: { type: 'string', default: '4' },
  programs: { type: 'string', default: '2' },
  memory: { type: 'string', default: 'auto' },
  transport: { type: 'string', default: 'both' },
  network: { type: 'string', default: 'auto' },
  nemesis: { type: 'string', default: faultKinds.join(',') },
  'lease-ms': { type: 'string', default: '2500' },
  'no-install': { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  logs: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function number(flag: string, text: string, { min, max, whole = true }: { min: number; max: number; whole?: boolean }): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(`--${flag} ${text}: use a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
}

function oneOf<const T extends readonly string[]>(flag: string, text: string, choices: T): T[number] {
  if (choices.includes(text)) return text;
  throw new UsageError(`--${flag} ${text}: use one of ${choices.join(', ')}`);
}

function kindsOf(text: string): readonly FaultKind[] {
  const names = text.split(',').map((name) => name.trim());
  const kinds = names.filter(isFaultKind);
  const [unknown] = names.filter((name) => !isFaultKind(name));
  if (unknown !== undefined) throw new UsageError(`--nemesis ${unknown}: use some of ${faultKinds.join(',')}`);
  return faultKinds.filter((kind) => kinds.includes(kind));
}

/** Reads the command line. `help` when only that was asked for. Throws {@link UsageError}. */
export function readOptions(args: readonly string[], drawnSeed: number): TortureOptions | 'help' {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return 'help';
  return {
    minutes: number('minutes', values.minutes, { min: 0.25, max: 1440, whole: false }),
    seed: values.seed === undefined ? drawnSeed : number('seed', values.seed, { min: 0, max: 2 ** 32 - 1 }),
    nodes: number('nodes', values.nodes, { min: 3, max: 16 }),
    programs: number('programs', values.programs, { min: 0, max: 8 }),
    memory: oneOf('memory', values.memory, memoryChoices),
    transport: oneOf('transport', values.transport, transportChoices),
    network: oneOf('network', values.network, networkChoices),
    kinds: kindsOf(values.nemesis),
    leaseMs: number('lease-ms', values['lease-ms'], { min: 1500, max: 20_000 }),
    install: !values['no-install'],
    dryRun: values['dry-run'],
    json: values.json,
    logs: values.logs,
  };
}

const parse = (args: readonly string[]) => parseArgs({ args: [...args], options: flags, allowPositionals: false }).values;
