import { Cell, type CellValue, COMPARE_EXCHANGE, highBits, lowBits, READ, valueOfBits, WRITE } from '../cell.js';
import type { History } from '../history.js';
import { known } from '../operation-columns.js';
import { deedOf, lineOf, nameOfLocation, nameOfOperation } from './describe.js';
import { type UnseenWrites, unseenWrites } from './unseen-writes.js';
import type { Violation } from './verdict.js';
import type { Grouped } from './witness-order.js';

/** The operations that took effect, by location, in that order. */
export interface Effects extends Grouped {
  /** 1 for each operation that took effect. */
  readonly happened: Uint8Array;
}

/** True when the operation changed its cell: the order of such operations is co. A compareExchange that found another value is a read. */
export function changes({ operations }: History, index: number): boolean {
  const code = operations.kind[index] ?? READ;
  if (code === READ) return false;
  if (code !== COMPARE_EXCHANGE || !operations.knows(index, known.result)) return true;
  return operations.resultLow[index] === operations.argumentLow[index] && operations.resultHigh[index] === operations.argumentHigh[index];
}

/**
 * Goes through each location in the order of its witnesses and compares what every operation returned with what it must have seen. Operations of
 * unknown outcome took effect if somebody saw what they wrote; `certain` are those of them that must have, because later ones of the same
 * process did.
 */
export function findEffects(history: History, ordered: Grouped, certain: Uint8Array): Effects | Violation | string {
  const { operations, locations } = history;
  const happened = new Uint8Array(operations.length);
  const members = new Int32Array(operations.length);
  const starts = new Int32Array(locations.length + 1);
  const unseen = unseenWrites(history);
  let count = 0;
  for (let location = 0; location < locations.length; location++) {
    const walk = new LocationWalk(history, location, { unseen: unseen.get(location), certain });
    const accesses = ordered.members.subarray(ordered.starts[location], ordered.starts[location + 1]);
    for (const index of accesses) {
      if (walk.take(index)) continue;
      if (unseen.get(location)?.areTooMany === true) return tooMany(history, index);
      return wrongValue(history, index, { accesses, must: walk });
    }
    for (const index of walk.happened) {
      happened[index] = 1;
      members[count++] = index;
    }
    starts[location + 1] = count;
  }
  return { starts, members: members.subarray(0, count), happened };
}

/** What one location holds, from operation to operation. */
class LocationWalk {
  readonly happened: number[] = [];
  /** The last operation that changed the cell. */
  writer: number | undefined;
  readonly #history: History;
  readonly #bytes: number;
  readonly #unseen: UnseenWrites | undefined;
  readonly #certain: Uint8Array;
  readonly #cell = new Cell();
  /** Operations with a witness that may have been undone, since the last one that happened. */
  #doubtful: number[] = [];
  /** False while nothing says what the location held at first. */
  #isKnown: boolean;

  constructor(history: History, location: number, options: { readonly unseen: UnseenWrites | undefined; readonly certain: Uint8Array }) {
    this.#history = history;
    this.#bytes = history.locations[location]?.bytes ?? 8;
    this.#unseen = options.unseen;
    this.#certain = options.certain;
    const initial = history.locations[location]?.initial;
    this.#isKnown = initial !== undefined;
    this.#cell.set(lowBits(initial ?? 0), highBits(initial ?? 0, this.#bytes));
  }

  get value(): CellValue {
    return valueOfBits(this.#cell.low, this.#cell.high, this.#bytes);
  }

  /** False when the operation returned what it cannot have seen. */
  take(index: number): boolean {
    const { operations } = this.#history;
    if (!operations.knows(index, known.completed | known.confirmed) && this.#certain[index] !== 1) {
      this.#doubtful.push(index);
      return true;
    }
    const code = operations.kind[index] ?? READ;
    if (code !== WRITE && operations.knows(index, known.result)) {
      const low = operations.resultLow[index] ?? 0;
      const high = operations.resultHigh[index] ?? 0;
      if (!this.#shows(index, low, high)) return false;
    }
    this.#doubtful = [];
    this.#perform(index);
    return true;
  }

  /** True when the cell holds the value that `reader` returned, perhaps by operations of unknown outcome that therefore happened. */
  #shows(reader: number, low: number, high: number): boolean {
    if (this.#isKnown && this.#cell.is(low, high)) return true;
    if (this.#happenedToo(low, high)) return true;
    if (!this.#isKnown) {
      this.#cell.set(low, high);
      this.#isKnown = true;
      return true;
    }
    // One that began too late is taken where no other will do, so that the order in time is what is found to be wrong.
    const writes =
      this.#unseen?.take(this.#cell, low, high, (write) => !this.#beganAfter(write, reader)) ??
      this.#unseen?.take(this.#cell, low, high, () => true);
    if (writes === undefined) return false;
    for (const write of writes) this.#perform(write);
    return true;
  }

  /** True when the write is known to have begun when the reader had its answer. */
  #beganAfter(write: number, reader: number): boolean {
    const { operations, processes } = this.#history;
    const clockOf = (index: number): number | undefined => processes[operations.process[index] ?? 0]?.clock;
    if (!operations.knows(reader, known.completed) || clockOf(write) !== clockOf(reader)) return false;
    return (operations.invoked[write] ?? 0) > (operations.completed[reader] ?? 0);
  }

  /** Performs the longest run of doubtful writes that leaves the cell with that value. */
  #happenedToo(low: number, high: number): boolean {
    const before = { low: this.#cell.low, high: this.#cell.high };
    let length = 0;
    for (const [place, index] of this.#doubtful.entries()) {
      this.#apply(index);
      if (changes(this.#history, index) && this.#cell.is(low, high)) length = place + 1;
    }
    this.#cell.set(before.low, before.high);
    for (const index of this.#doubtful.slice(0, length)) if (changes(this.#history, index)) this.#perform(index);
    return length > 0;
  }

  #perform(index: number): void {
    this.happened.push(index);
    if (!changes(this.#history, index)) return;
    this.writer = index;
    this.#apply(index);
    this.#isKnown = true;
  }

  #apply(index: number): void {
    const { operations } = this.#history;
    const code = operations.kind[index] ?? READ;
    if (code === READ) return;
    // What an operation returned is what it changed, whatever its place.
    if (operations.knows(index, known.result)) this.#cell.set(operations.resultLow[index] ?? 0, operations.resultHigh[index] ?? 0);
    const argument = { low: operations.argumentLow[index] ?? 0, high: operations.argumentHigh[index] ?? 0 };
    const replacement = { low: operations.replacementLow[index] ?? 0, high: operations.replacementHigh[index] ?? 0 };
    this.#cell.apply(code, argument, replacement, this.#bytes);
  }
}

function tooMany(history: History, index: number): string {
  return (
    `${nameOfOperation(history, index)} (${deedOf(history, index)}) saw a value that some of many writes of unknown outcome may explain: ` +
    'record fewer failures at a time, or write values that differ'
  );
}

/** Explains what an operation returned by who wrote that, and what it should have returned. */
function wrongValue(
  history: History,
  index: number,
  { accesses, must }: { readonly accesses: Int32Array; readonly must: LocationWalk },
): Violation {
  const { operations, locations } = history;
  const location = locations[operations.location[index] ?? 0];
  const where = location === undefined ? '?' : nameOfLocation(location);
  const source = writerOf(history, index, accesses);
  const isOld = source !== undefined && accesses.indexOf(source) < accesses.indexOf(index);
  const shown = [index, ...(must.writer === undefined ? [] : [must.writer]), ...(source === undefined ? [] : [source])];
  const due =
    must.writer === undefined
      ? `${where} held ${must.value} from the start, and nobody had written it`
      : `it was ${nameOfOperation(history, must.writer)} that wrote last before, and left ${must.value}`;
  return {
    rule: 'value',
    operations: shown,
    text: [
      `${nameOfOperation(history, index)} returned a value that ${where} did not hold: ${due}`,
      `  the value that it returned ${originOf(history, source, isOld)}`,
      ...shown.map((each) => `  ${lineOf(history, each)}`),
    ].join('\n'),
  };
}

function originOf(history: History, source: number | undefined, isOld: boolean): string {
  if (source === undefined) return 'was written by nobody: lost, torn, or of an operation that failed';
  const name = nameOfOperation(history, source);
  return isOld ? `is that of ${name}, which had been overwritten` : `is that of ${name}, which comes later in the order of versions`;
}

/** An operation that left the value which `index` returned: the last one before it, or else the first one after it. */
function writerOf(history: History, index: number, accesses: Int32Array): number | undefined {
  const { operations, locations } = history;
  const bytes = locations[operations.location[index] ?? 0]?.bytes ?? 8;
  const cell = new Cell();
  const place = accesses.indexOf(index);
  let found: number | undefined;
  for (const [at, other] of accesses.entries()) {
    if (at > place && found !== undefined) return found;
    if (other === index || !changes(history, other)) continue;
    cell.set(operations.resultLow[other] ?? 0, operations.resultHigh[other] ?? 0);
    const argument = { low: operations.argumentLow[other] ?? 0, high: operations.argumentHigh[other] ?? 0 };
    const replacement = { low: operations.replacementLow[other] ?? 0, high: operations.replacementHigh[other] ?? 0 };
    cell.apply(operations.kind[other] ?? READ, argument, replacement, bytes);
    if (cell.is(operations.resultLow[index] ?? 0, operations.resultHigh[index] ?? 0)) found = other;
  }
  return found;
}
