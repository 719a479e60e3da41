import { PagewireError } from './errors.js';
import { showValue } from './show-value.js';

/** The element types that atomics work on, and their sizes in bytes. */
export const atomicBytes = { int32: 4, uint32: 4, bigint64: 8 } as const;
export type AtomicType = keyof typeof atomicBytes;
export type AtomicOp = 'load' | 'store' | 'add' | 'sub' | 'and' | 'or' | 'xor' | 'exchange' | 'compareExchange';
export const atomicOps: readonly AtomicOp[] = ['load', 'store', 'add', 'sub', 'and', 'or', 'xor', 'exchange', 'compareExchange'];

/** `bigint64` atomics speak bigint, the others number, as `Atomics` does. */
export type AtomicValue<T extends AtomicType = AtomicType> = T extends 'bigint64' ? bigint : number;

/** One atomic operation. `operand` is the value to store, add, …; for compareExchange it is the expected value. `load` ignores both. */
export interface Atomic {
  readonly op: AtomicOp;
  readonly type: AtomicType;
  readonly operand: number | bigint;
  readonly replacement: number | bigint;
}

const operations: ReadonlySet<unknown> = new Set(atomicOps);

/** True when the operation can change memory, so that it needs the page exclusively. */
export const atomicWrites = (op: AtomicOp): boolean => op !== 'load';

/** A number is accepted where the type can hold it: integers modulo 2^32 as `Atomics` does, or a bigint that fits 64 bits. */
export function checkAtomic(atomic: Atomic): void {
  // `Atomics` has more functions than these, and one of them would put the whole thread to sleep.
  if (!operations.has(atomic.op)) {
    throw new PagewireError('bad-argument', `the atomics are ${atomicOps.join(', ')}, not ${showValue(atomic.op)}`);
  }
  for (const value of [atomic.operand, atomic.replacement]) {
    if (atomic.type === 'bigint64' ? typeof value !== 'bigint' : typeof value !== 'number' || !Number.isInteger(value)) {
      throw new PagewireError(
        'bad-argument',
        `${atomic.op} on ${atomic.type} needs ${atomic.type === 'bigint64' ? 'a bigint' : 'an integer'}, not ${showValue(value)} (${typeof value})`,
      );
    }
  }
}

/**
 * Applies `atomic` to the element at `offset` of `frame` and returns the value it had before, as `Atomics` does
 * (`store` returns the value stored). Uses `Atomics`, so worker threads that share the frame see whole operations.
 */
export function applyAtomic(frame: Uint8Array, offset: number, atomic: Atomic): number | bigint {
  const at = frame.byteOffset + offset;
  // The views differ only in element type, which `checkAtomic` has matched with the operands; TypeScript cannot correlate the two.
  const cell: Int32Array = (
    atomic.type === 'int32'
      ? new Int32Array(frame.buffer, at, 1)
      : atomic.type === 'uint32'
        ? new Uint32Array(frame.buffer, at, 1)
        : new BigInt64Array(frame.buffer, at, 1)
  ) as Int32Array;
  const operand = atomic.operand as number;
  switch (atomic.op) {
    case 'load':
      return Atomics.load(cell, 0);
    case 'compareExchange':
      return Atomics.compareExchange(cell, 0, operand, atomic.replacement as number);
    default:
      return Atomics[atomic.op](cell, 0, operand);
  }
}
