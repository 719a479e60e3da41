import { describe, expect, it } from 'vitest';
import {
  type Atomic,
  type AtomicOp,
  type AtomicType,
  applyAtomic,
  atomicBytes,
  atomicOps,
  atomicWrites,
  checkAtomic,
} from '../src/atomics.js';
import { PagewireError } from '../src/errors.js';

const atomic = (op: AtomicOp, type: AtomicType, operand: number | bigint, replacement: number | bigint = operand): Atomic => ({
  op,
  type,
  operand,
  replacement,
});
/** A frame in the middle of a larger memory, as frames are, with 12 in the cell at 8. */
function frameWith12(type: AtomicType): { frame: Uint8Array; cell: () => number | bigint } {
  const frame = new Uint8Array(new SharedArrayBuffer(128), 64, 32);
  const view = new DataView(frame.buffer, 64, 32);
  const cells = {
    int32: { set: () => view.setInt32(8, 12, true), get: () => view.getInt32(8, true) },
    uint32: { set: () => view.setUint32(8, 12, true), get: () => view.getUint32(8, true) },
    bigint64: { set: () => view.setBigInt64(8, 12n, true), get: () => view.getBigInt64(8, true) },
  }[type];
  cells.set();
  return { frame, cell: cells.get };
}

const effects: readonly (readonly [AtomicOp, number, number, number, number])[] = [
  // operation, operand, replacement, returned, left in the cell; the cell held 12
  ['load', 5, 5, 12, 12],
  ['store', 5, 5, 5, 5],
  ['add', 5, 5, 12, 17],
  ['sub', 5, 5, 12, 7],
  ['and', 10, 10, 12, 8],
  ['or', 3, 3, 12, 15],
  ['xor', 10, 10, 12, 6],
  ['exchange', 5, 5, 12, 5],
  ['compareExchange', 12, 99, 12, 99],
  ['compareExchange', 11, 99, 12, 12],
];

describe.each(['int32', 'uint32'] as const)('on %s', (type) => {
  it.each(effects)('%s of %d (%d) returns what Atomics returns and leaves what it leaves', (op, operand, replacement, returned, left) => {
    const { frame, cell } = frameWith12(type);
    expect(applyAtomic(frame, 8, atomic(op, type, operand, replacement))).toBe(returned);
    expect(cell()).toBe(left);
  });
});

describe('on bigint64', () => {
  it.each(effects)('%s of %d (%d) does the same in bigints', (op, operand, replacement, returned, left) => {
    const { frame, cell } = frameWith12('bigint64');
    expect(applyAtomic(frame, 8, atomic(op, 'bigint64', BigInt(operand), BigInt(replacement)))).toBe(BigInt(returned));
    expect(cell()).toBe(BigInt(left));
  });
});

describe('arithmetic', () => {
  it('wraps at the width of the type', () => {
    const results = [
      [atomic('add', 'int32', 2 ** 31 - 1), 12, -(2 ** 31) + 11],
      [atomic('sub', 'uint32', 13), 12, 2 ** 32 - 1],
      [atomic('add', 'bigint64', 2n ** 63n - 1n), 12n, -(2n ** 63n) + 11n],
    ] as const;
    const done = results.map(([operation]) => {
      const { frame, cell } = frameWith12(operation.type);
      return [operation, applyAtomic(frame, 8, operation), cell()];
    });
    expect(done).toEqual(results);
  });

  it('touches only its own cell', () => {
    const { frame } = frameWith12('int32');
    applyAtomic(frame, 8, atomic('store', 'int32', -1));
    expect([...frame].filter((byte) => byte !== 0)).toEqual([255, 255, 255, 255]);
  });
});

describe('what needs the page exclusively', () => {
  it('is every operation but load', () => {
    expect(atomicOps.filter((op) => !atomicWrites(op))).toEqual(['load']);
  });

  it('and every type has the size of its cell', () => {
    expect(atomicBytes).toEqual({ int32: 4, uint32: 4, bigint64: 8 });
  });
});

describe('operands', () => {
  it.each([atomic('add', 'int32', 1), atomic('add', 'uint32', -1), atomic('load', 'bigint64', 0n)])('$operand fits $type', (good) => {
    expect(() => checkAtomic(good)).not.toThrow();
  });

  it.each([
    atomic('add', 'int32', 1n),
    atomic('add', 'int32', 0.5),
    atomic('add', 'uint32', Number.NaN),
    atomic('add', 'bigint64', 1),
    atomic('compareExchange', 'bigint64', 1n, 1),
  ])('$operand with $replacement does not fit $type', (bad) => {
    expect(() => checkAtomic(bad)).toThrow(expect.objectContaining({ name: 'PagewireError', code: 'bad-argument' }));
    expect(() => checkAtomic(bad)).toThrow(PagewireError);
  });
});
