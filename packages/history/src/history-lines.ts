import { type CellValue, type OperationKind, operationKinds } from './cell.js';
import { append, type History, type Location, type Operation, type OperationWitness, type Outcome, type Process } from './history.js';
import { OperationColumns } from './operation-columns.js';

const FORMAT = 'pagewire-history';
const FORMAT_VERSION = 1;
/** What an operation's line holds, in this order; null where there is nothing. The header names them, for people. */
const columns = [
  'process',
  'kind',
  'location',
  'argument',
  'replacement',
  'result',
  'invoked',
  'completed',
  'outcome',
  'incarnation',
  'version',
  'serial',
] as const;
const outcomes: ReadonlySet<unknown> = new Set<Outcome>(['ok', 'failed', 'unknown']);
const kinds: ReadonlySet<unknown> = new Set(operationKinds);

/** The most processes, and the most locations, that a file may list. */
const MAX_LISTED = 2 ** 24;

/** A history, or why the lines are none. */
export type ParsedHistory = { readonly ok: true; readonly history: History } | { readonly ok: false; readonly reason: string };

/**
 * A history as lines of JSON: a header with the format and the names of the columns, then the processes, the locations, and one array for each operation.
 * Integers that a JSON number cannot hold are strings.
 */
export function* formatHistory({ processes, locations, operations }: History): Generator<string> {
  yield JSON.stringify({ format: FORMAT, version: FORMAT_VERSION, columns });
  yield JSON.stringify(processes);
  yield JSON.stringify(locations.map((location) => ({ ...location, initial: valueOut(location.initial) })));
  for (let index = 0; index < operations.length; index++) {
    const operation = operations.at(index, locations[operations.location[index] ?? 0]?.bytes ?? 8);
    const { process, kind, location, argument, replacement, result, invoked, completed, outcome, witness } = operation;
    const values = [valueOut(argument), valueOut(replacement), valueOut(result)];
    const when = [invoked, completed ?? null, outcome];
    yield JSON.stringify([
      process,
      kind,
      location,
      ...values,
      ...when,
      witness?.incarnation ?? null,
      witness?.version ?? null,
      witness?.serial ?? null,
    ]);
  }
}

const valueOut = (value: CellValue | undefined): number | string | null =>
  value === undefined ? null : typeof value === 'bigint' ? String(value) : value;

/** Takes the lines of a file one by one. Whatever they are, nothing is thrown: the first flaw ends it. */
export class HistoryParser {
  #processes: readonly Process[] | undefined;
  #locations: readonly Location[] | undefined;
  readonly #operations = new OperationColumns();
  #line = 0;
  #flaw: string | undefined;

  /** False when there is no use in going on. */
  take(line: string): boolean {
    this.#line += 1;
    if (this.#flaw === undefined && line !== '') {
      const flaw = this.#takeValue(parseJson(line));
      if (flaw !== undefined) this.#flaw = `line ${this.#line}: ${flaw}`;
    }
    return this.#flaw === undefined;
  }

  end(): ParsedHistory {
    if (this.#flaw !== undefined) return { ok: false, reason: this.#flaw };
    const processes = this.#processes;
    const locations = this.#locations;
    if (processes === undefined || locations === undefined) return { ok: false, reason: 'it ends before its list of locations' };
    return { ok: true, history: { processes, locations, operations: this.#operations } };
  }

  #takeValue(value: unknown): string | undefined {
    if (this.#line === 1) {
      const isHeader = isObject(value) && value['format'] === FORMAT;
      if (!isHeader) return `expected {"format":"${FORMAT}",…}: is this the file of a history?`;
      return value['version'] === FORMAT_VERSION ? undefined : `it is of another version of the format than ${FORMAT_VERSION}`;
    }
    if (this.#line === 2) {
      this.#processes = listOf(value, processOf);
      return this.#processes === undefined ? 'expected a list of processes, each with a name and the number of a clock' : undefined;
    }
    if (this.#line === 3) {
      this.#locations = listOf(value, locationOf);
      return this.#locations === undefined ? 'expected a list of locations, each with region, offset, bytes, page and initial' : undefined;
    }
    return this.#takeOperation(value);
  }

  #takeOperation(value: unknown): string | undefined {
    if (!Array.isArray(value) || value.length !== columns.length) return `expected an array of ${columns.length} values`;
    const operation = operationOf(value);
    if (typeof operation === 'string') return operation;
    const location = this.#locations?.[operation.location];
    if (location === undefined || this.#processes?.[operation.process] === undefined)
      return 'expected a process and a location of the lists';
    append(this.#operations, operation, location.bytes);
    return undefined;
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isText = (value: unknown): value is string => typeof value === 'string';

function listOf<T>(value: unknown, itemOf: (item: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_LISTED) return undefined;
  const items: T[] = [];
  for (const each of value) {
    const item = itemOf(each);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

function processOf(value: unknown): Process | undefined {
  if (!isObject(value)) return undefined;
  const { name, clock } = value;
  return isText(name) && isCount(clock) ? { name, clock } : undefined;
}

function locationOf(value: unknown): Location | undefined {
  if (!isObject(value)) return undefined;
  const { region, offset, bytes, page } = value;
  const initial = valueIn(value['initial'] ?? null);
  if (!isText(region) || !isCount(offset) || !isCount(bytes) || bytes === 0 || !isCount(page) || initial === 'none') return undefined;
  return { region, offset, bytes, page, initial };
}

/** A value, `undefined` for null, or `'none'` for what is no value. */
function valueIn(value: unknown): CellValue | undefined | 'none' {
  if (value === null) return undefined;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : 'none';
  return isText(value) && /^-?\d{1,20}$/.test(value) ? BigInt(value) : 'none';
}

function operationOf(values: readonly unknown[]): Operation | string {
  const [process, kind, location, givenArgument, givenReplacement, givenResult, invoked, completed, outcome, ...stamp] = values;
  if (!isCount(process) || !isCount(location)) return 'expected the numbers of a process and of a location';
  if (!kinds.has(kind)) return `expected one of ${operationKinds.join(', ')} as the kind`;
  const argument = valueIn(givenArgument);
  const replacement = valueIn(givenReplacement);
  const result = valueIn(givenResult);
  if (argument === 'none' || replacement === 'none' || result === 'none')
    return 'expected values that are integers of up to 64 bits, or null';
  if (kind !== 'read' && argument === undefined) return `a ${String(kind)} needs an argument`;
  if (kind === 'compareExchange' && replacement === undefined) return 'a compareExchange needs a replacement';
  if (!isTime(invoked) || !(completed === null || isTime(completed))) return 'expected the times of the invocation and the completion';
  if (!outcomes.has(outcome) || (outcome === 'ok' && completed === null)) return 'expected an outcome, and a completion where it is ok';
  const witness = witnessOf(stamp);
  if (witness === 'none') return 'expected incarnation, version and serial, or three times null';
  return {
    process,
    // Looked up in the sets above.
    kind: kind as OperationKind,
    location,
    ...(argument !== undefined && { argument }),
    ...(replacement !== undefined && { replacement }),
    ...(result !== undefined && { result }),
    invoked,
    ...(completed !== null && { completed }),
    outcome: outcome as Outcome,
    ...(witness !== undefined && { witness }),
  };
}

function witnessOf([incarnation, version, serial]: readonly unknown[]): OperationWitness | undefined | 'none' {
  if (incarnation === null && version === null && serial === null) return undefined;
  return isCount(incarnation) && isCount(version) && isCount(serial) ? { incarnation, version, serial } : 'none';
}
