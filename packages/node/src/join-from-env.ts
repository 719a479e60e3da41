import { InvariantError, PagewireError } from '@pagewire/protocol';
import { type JoinOptions, join } from './join.js';
import type { MemoryMode } from './memory.js';
import type { Node } from './node.js';
import { checkPlace, type Place } from './place.js';
import { type TransportKind, transportOf } from './transport-choice.js';

/** The environment variables by which `pagewire run` tells a program what to join. `docs/running.md` is their reference. */
export const runVariables = {
  /** `ws://HOST:PORT` or `grpc://HOST:PORT`; required. */
  coordinator: 'PAGEWIRE_COORDINATOR',
  /** The name of the node; required. */
  name: 'PAGEWIRE_NAME',
  /** 0 to one below the size; required. */
  rank: 'PAGEWIRE_RANK',
  /** How many programs were started together; required. */
  size: 'PAGEWIRE_SIZE',
  /** `auto`, `mapped` or `software`; default `auto`. */
  memory: 'PAGEWIRE_MEMORY',
  /** `ws`, `grpc`, or `both` with the coordinator's kind first; default `both`. */
  transport: 'PAGEWIRE_TRANSPORT',
} as const;

/** A node that knows its place among the programs that were started together. */
export interface RankedNode extends Node, Place {
  readonly rank: number;
  readonly size: number;
}

/**
 * Joins the cluster that `pagewire run` started this program for. What `overrides` gives goes before what the environment says. Fails with
 * `bad-argument` when the environment says nothing or something that cannot be read, and in the ways of {@link join}.
 */
export async function joinFromEnv(overrides: Partial<JoinOptions> = {}): Promise<RankedNode> {
  const node = await join({ ...optionsFromEnv(process.env), ...overrides });
  if (!isRanked(node)) throw new InvariantError(`node "${node.name}" was joined with a place and does not have it`);
  return node;
}

/** What the variables of `env` say to {@link join}. Throws `bad-argument`. */
export function optionsFromEnv(env: Readonly<Record<string, string | undefined>>): JoinOptions & { readonly place: Place } {
  const { coordinator: at, name, rank, size, memory, transport } = runVariables;
  const missing = [at, name, rank, size].filter((variable) => !env[variable]);
  if (missing.length > 0) {
    throw new PagewireError(
      'bad-argument',
      `joinFromEnv: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set: start the program with \`pagewire run\`, or use join()`,
    );
  }
  const coordinator = env[at] ?? '';
  if (transportOf(coordinator) === undefined) throw malformed(at, coordinator, 'ws://HOST:PORT or grpc://HOST:PORT');
  return {
    coordinator,
    name: env[name] ?? '',
    place: checkPlace({ rank: wholeNumber(rank, env[rank]), size: wholeNumber(size, env[size]) }),
    memory: memoryOf(env[memory] || 'auto'),
    transports: transportsOf(env[transport] || 'both', coordinator),
  };
}

function wholeNumber(variable: string, text = ''): number {
  if (!/^\d{1,9}$/.test(text)) throw malformed(variable, text, 'a whole number of 0 or more');
  return Number(text);
}

function memoryOf(text: string): MemoryMode {
  if (text === 'auto' || text === 'mapped' || text === 'software') return text;
  throw malformed(runVariables.memory, text, 'auto, mapped or software');
}

/** Peers take the first kind they can, so the ranks that reach the coordinator by gRPC offer gRPC first and a cluster uses both. */
function transportsOf(text: string, coordinator: string): readonly TransportKind[] {
  if (text === 'ws' || text === 'grpc') return [text];
  if (text !== 'both') throw malformed(runVariables.transport, text, 'ws, grpc or both');
  return transportOf(coordinator) === 'grpc' ? ['grpc', 'ws'] : ['ws', 'grpc'];
}

const malformed = (variable: string, text: string, expected: string): PagewireError =>
  new PagewireError('bad-argument', `joinFromEnv: ${variable} is ${expected}, not ${JSON.stringify(text)}; \`pagewire run\` sets it`);

const isRanked = (node: Node): node is RankedNode => node.rank !== undefined && node.size !== undefined;
