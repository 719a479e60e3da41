import type { Atomic, AtomicOp, AtomicType, AtomicValue } from './atomics.js';
import type { RegionAtomics } from './region-access.js';

/** Stands for an operand that the operation does not look at. */
// `AtomicValue` of bigint64 is bigint, of the others number, which TypeScript does not see through the type parameter.
const zero = <T extends AtomicType>(type: T): AtomicValue<T> => (type === 'bigint64' ? 0n : 0) as AtomicValue<T>;

/** The atomics of a region, made of operations given as data. */
export function atomicsOver(operateOn: (offset: number, atomic: Atomic) => Promise<number | bigint>): RegionAtomics {
  const operate = <T extends AtomicType>(op: AtomicOp, type: T, offset: number, operand: AtomicValue<T>, replacement = zero(type)) =>
    // `Atomics` answers with the kind of number that the element type holds.
    operateOn(offset, { op, type, operand, replacement }) as Promise<AtomicValue<T>>;
  return {
    load: (type, offset) => operate('load', type, offset, zero(type)),
    store: (type, offset, value) => operate('store', type, offset, value),
    add: (type, offset, value) => operate('add', type, offset, value),
    sub: (type, offset, value) => operate('sub', type, offset, value),
    and: (type, offset, value) => operate('and', type, offset, value),
    or: (type, offset, value) => operate('or', type, offset, value),
    xor: (type, offset, value) => operate('xor', type, offset, value),
    exchange: (type, offset, value) => operate('exchange', type, offset, value),
    compareExchange: (type, offset, expected, replacement) => operate('compareExchange', type, offset, expected, replacement),
  };
}
