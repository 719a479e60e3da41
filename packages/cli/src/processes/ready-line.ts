import { InvariantError } from '@pagewire/protocol';

/** What `pagewire coordinator --json` prints when it is ready, as one line. */
export interface CoordinatorReady {
  readonly ready: true;
  readonly role: 'coordinator';
  /** The ws URL. */
  readonly url: string;
  /** Every URL it is reached by. */
  readonly urls: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly pid: number;
}

/** What `pagewire node --json` prints when it is ready, as one line. */
export interface NodeReady {
  readonly ready: true;
  readonly role: 'node';
  readonly name: string;
  /** The first of `urls`. */
  readonly url: string;
  /** Where peers and clients reach it, in its order of preference. */
  readonly urls: readonly string[];
  /** The port it listens on. */
  readonly port: number;
  readonly incarnation: number;
  /** The memory it got. */
  readonly memory: string;
  /** One line on why it got that memory. */
  readonly memoryReason: string;
  readonly pid: number;
}

/** Checks a parsed ready line of a process that this command started: it is the same program, so anything else is a bug. */
export function coordinatorReady(line: unknown): CoordinatorReady {
  if (!isRecord(line) || line['role'] !== 'coordinator' || typeof line['url'] !== 'string' || !isTexts(line['urls'])) {
    throw new InvariantError(`a coordinator said it is ready with ${JSON.stringify(line)}`);
  }
  // The fields that are used were checked; the rest comes from the same version of the same program.
  return line as unknown as CoordinatorReady;
}

/** As {@link coordinatorReady}, for a node. */
export function nodeReady(line: unknown): NodeReady {
  if (!isRecord(line) || line['role'] !== 'node' || typeof line['name'] !== 'string' || !isTexts(line['urls'])) {
    throw new InvariantError(`a node said it is ready with ${JSON.stringify(line)}`);
  }
  // As above.
  return line as unknown as NodeReady;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');
