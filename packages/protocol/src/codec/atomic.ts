import type { Atomic, AtomicOp, AtomicType } from '../atomics.js';
import { InvariantError } from '../errors.js';
import type { Writer } from './cursors.js';
import { type Field, oneOf } from './fields.js';

const op = oneOf<AtomicOp>('an atomic operation', {
  load: 0,
  store: 1,
  add: 2,
  sub: 3,
  and: 4,
  or: 5,
  xor: 6,
  exchange: 7,
  compareExchange: 8,
});
const type = oneOf<AtomicType>('an element type', { int32: 0, uint32: 1, bigint64: 2 });

type Operand = number | bigint;
const isOperand = (value: unknown): value is Operand => typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
const fits = (atomicType: AtomicType, value: Operand): boolean => (atomicType === 'bigint64') === (typeof value === 'bigint');

function write(out: Writer, value: Operand): void {
  if (!isOperand(value)) throw new InvariantError(`an atomic needs an integer, not ${String(value)}`);
  // `Atomics` on 64-bit cells takes bigints modulo 2^64, so nothing is lost by what msgpack can carry.
  out.put(typeof value === 'bigint' ? BigInt.asIntN(64, value) : value);
}

/** The value an atomic returned: a bigint (int64 on the wire) for `bigint64`, a number otherwise. */
export const atomicValue: Field<Operand> = {
  write,
  read(input) {
    const value = input.next();
    return isOperand(value) ? value : input.refuse('an integer', value, 0);
  },
};

/** An operation, its element type, and two operands of that type. */
export const atomic: Field<Atomic> = {
  write(out, value) {
    if (!fits(value.type, value.operand) || !fits(value.type, value.replacement)) {
      throw new InvariantError(
        `the operands of ${value.op} on ${value.type} are a ${typeof value.operand} and a ${typeof value.replacement}`,
      );
    }
    op.write(out, value.op);
    type.write(out, value.type);
    write(out, value.operand);
    write(out, value.replacement);
  },
  read(input) {
    const named = { op: op.read(input), type: type.read(input) };
    const operand = atomicValue.read(input);
    const replacement = atomicValue.read(input);
    if (fits(named.type, operand) && fits(named.type, replacement)) return { ...named, operand, replacement };
    return input.refuse(`operands for ${named.type}`, `${typeof operand} and ${typeof replacement}`, { ...named, operand, replacement });
  },
};
