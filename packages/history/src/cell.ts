/** A value of a cell, or what stands for the bytes of a record: at most 64 bits, seen as bits. */
export type CellValue = number | bigint;

const TWO_TO_32 = 2 ** 32;

/** What an operation does to its cell. `write` covers an atomic store, `read` an atomic load. */
export const operationKinds = ['read', 'write', 'add', 'sub', 'and', 'or', 'xor', 'exchange', 'compareExchange'] as const;
export type OperationKind = (typeof operationKinds)[number];
const codes: ReadonlyMap<string, number> = new Map(operationKinds.map((kind, code) => [kind, code]));

/** The number that stands for a kind in columns. */
export const codeOf = (kind: OperationKind): number => codes.get(kind) ?? 0;
export const READ = codeOf('read');
export const WRITE = codeOf('write');
export const COMPARE_EXCHANGE = codeOf('compareExchange');

/** The lower 32 bits of a value. */
export const lowBits = (value: CellValue): number => (typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value | 0);

/** The upper 32 bits of a value; a cell of up to 4 bytes has none. */
export function highBits(value: CellValue, bytes: number): number {
  if (bytes <= 4) return 0;
  return typeof value === 'bigint' ? Number(BigInt.asIntN(32, value >> 32n)) : Math.floor(value / TWO_TO_32) | 0;
}

/** The value of bits, signed, as a number where one can hold it. */
export function valueOfBits(low: number, high: number, bytes: number): CellValue {
  if (bytes <= 4) return low;
  const value = high * TWO_TO_32 + (low >>> 0);
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0);
}

/** The contents of one cell while a history is gone through. Its halves are int32, so that nothing is allocated. */
export class Cell {
  low = 0;
  high = 0;

  set(low: number, high: number): void {
    this.low = low;
    this.high = high;
  }

  is(low: number, high: number): boolean {
    return this.low === low && this.high === high;
  }

  /** Does the operation that `code` stands for, as `Atomics` does on an element of `bytes` bytes. */
  apply(code: number, argument: Bits, replacement: Bits, bytes: number): void {
    switch (operationKinds[code]) {
      case 'write':
      case 'exchange':
        return this.set(argument.low, argument.high);
      case 'add':
        return this.#add(argument.low, argument.high, bytes);
      case 'sub':
        // −x is ¬x + 1.
        this.#add(~argument.low, ~argument.high, bytes);
        return this.#add(1, 0, bytes);
      case 'and':
        return this.set(this.low & argument.low, this.high & argument.high);
      case 'or':
        return this.set(this.low | argument.low, this.high | argument.high);
      case 'xor':
        return this.set(this.low ^ argument.low, this.high ^ argument.high);
      case 'compareExchange':
        if (this.is(argument.low, argument.high)) this.set(replacement.low, replacement.high);
        return;
      default:
        return;
    }
  }

  #add(low: number, high: number, bytes: number): void {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.set(sum | 0, bytes <= 4 ? 0 : (this.high + high + (sum >= TWO_TO_32 ? 1 : 0)) | 0);
  }
}

/** Two halves of 64 bits. */
export interface Bits {
  readonly low: number;
  readonly high: number;
}
