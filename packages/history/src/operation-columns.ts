import { type CellValue, codeOf, highBits, lowBits, operationKinds, valueOfBits } from './cell.js';
import type { Operation, OperationWitness } from './history.js';

/** What is known of an operation, as bits of its `known` column. */
export const known = {
  /** It returned a value: what it read, or what was there before it. */
  result: 1,
  witness: 2,
  /** Its process saw it end well. */
  completed: 4,
  /** It cannot be undone by the end of its node. */
  confirmed: 8,
  /** It did not happen. */
  failed: 16,
} as const;

const FIRST_CAPACITY = 256;

type NumberColumn = Int32Array | Uint8Array | Float64Array;

function grown<C extends NumberColumn>(column: C, capacity: number): C {
  // The constructor of a typed array makes one of its own type.
  const larger = new (column.constructor as new (length: number) => C)(capacity);
  larger.set(column);
  return larger;
}

/** Operations in columns of typed arrays, in the order of their invocation: about 74 bytes each, and nothing for a garbage collector to visit. */
export class OperationColumns {
  length = 0;
  process = new Int32Array(FIRST_CAPACITY);
  kind = new Uint8Array(FIRST_CAPACITY);
  known = new Uint8Array(FIRST_CAPACITY);
  location = new Int32Array(FIRST_CAPACITY);
  argumentLow = new Int32Array(FIRST_CAPACITY);
  argumentHigh = new Int32Array(FIRST_CAPACITY);
  replacementLow = new Int32Array(FIRST_CAPACITY);
  replacementHigh = new Int32Array(FIRST_CAPACITY);
  resultLow = new Int32Array(FIRST_CAPACITY);
  resultHigh = new Int32Array(FIRST_CAPACITY);
  invoked = new Float64Array(FIRST_CAPACITY);
  completed = new Float64Array(FIRST_CAPACITY);
  incarnation = new Float64Array(FIRST_CAPACITY);
  version = new Float64Array(FIRST_CAPACITY);
  serial = new Float64Array(FIRST_CAPACITY);

  /** Appends an operation of which only the invocation is known. `bytes` is the size of its location. */
  push(begun: Pick<Operation, 'process' | 'kind' | 'location' | 'invoked' | 'argument' | 'replacement'>, bytes: number): number {
    const index = this.length;
    if (index === this.process.length) this.#grow(index * 2);
    this.length += 1;
    const { argument = 0, replacement = 0 } = begun;
    this.process[index] = begun.process;
    this.kind[index] = codeOf(begun.kind);
    this.location[index] = begun.location;
    this.invoked[index] = begun.invoked;
    this.argumentLow[index] = lowBits(argument);
    this.argumentHigh[index] = highBits(argument, bytes);
    this.replacementLow[index] = lowBits(replacement);
    this.replacementHigh[index] = highBits(replacement, bytes);
    return index;
  }

  setResult(index: number, result: CellValue, bytes: number): void {
    this.resultLow[index] = lowBits(result);
    this.resultHigh[index] = highBits(result, bytes);
    this.learn(index, known.result);
  }

  setWitness(index: number, { incarnation, version, serial }: OperationWitness): void {
    this.incarnation[index] = incarnation;
    this.version[index] = version;
    this.serial[index] = serial;
    this.learn(index, known.witness);
  }

  setCompleted(index: number, at: number): void {
    this.completed[index] = at;
    this.learn(index, known.completed);
  }

  learn(index: number, bits: number): void {
    this.known[index] = (this.known[index] ?? 0) | bits;
  }

  knows(index: number, bits: number): boolean {
    return ((this.known[index] ?? 0) & bits) === bits;
  }

  /** The operation as an object. `bytes` is the size of its location. */
  at(index: number, bytes: number): Operation {
    const kind = operationKinds[this.kind[index] ?? 0] ?? 'read';
    const value = (low: Int32Array, high: Int32Array): CellValue => valueOfBits(low[index] ?? 0, high[index] ?? 0, bytes);
    return {
      process: this.process[index] ?? 0,
      kind,
      location: this.location[index] ?? 0,
      ...(kind !== 'read' && { argument: value(this.argumentLow, this.argumentHigh) }),
      ...(kind === 'compareExchange' && { replacement: value(this.replacementLow, this.replacementHigh) }),
      ...(this.knows(index, known.result) && { result: value(this.resultLow, this.resultHigh) }),
      invoked: this.invoked[index] ?? 0,
      ...(this.knows(index, known.completed) && { completed: this.completed[index] ?? 0 }),
      outcome: this.#outcome(index),
      ...(this.knows(index, known.witness) && { witness: this.#witness(index) }),
    };
  }

  #outcome(index: number): Operation['outcome'] {
    if (this.knows(index, known.failed)) return 'failed';
    return this.knows(index, known.completed | known.confirmed) ? 'ok' : 'unknown';
  }

  #witness(index: number): OperationWitness {
    return { incarnation: this.incarnation[index] ?? 0, version: this.version[index] ?? 0, serial: this.serial[index] ?? 0 };
  }

  #grow(capacity: number): void {
    this.process = grown(this.process, capacity);
    this.kind = grown(this.kind, capacity);
    this.known = grown(this.known, capacity);
    this.location = grown(this.location, capacity);
    this.argumentLow = grown(this.argumentLow, capacity);
    this.argumentHigh = grown(this.argumentHigh, capacity);
    this.replacementLow = grown(this.replacementLow, capacity);
    this.replacementHigh = grown(this.replacementHigh, capacity);
    this.resultLow = grown(this.resultLow, capacity);
    this.resultHigh = grown(this.resultHigh, capacity);
    this.invoked = grown(this.invoked, capacity);
    this.completed = grown(this.completed, capacity);
    this.incarnation = grown(this.incarnation, capacity);
    this.version = grown(this.version, capacity);
    this.serial = grown(this.serial, capacity);
  }
}
