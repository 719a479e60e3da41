import { type AtomicOp, applyAtomic } from '@pagewire/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cell, codeOf, highBits, lowBits, type OperationKind, valueOfBits } from '../src/cell.js';
import { digestOf } from '../src/index.js';
import { replayable } from './replayable.js';

const operations: readonly (readonly [OperationKind, AtomicOp])[] = [
  ['read', 'load'],
  ['write', 'store'],
  ['add', 'add'],
  ['sub', 'sub'],
  ['and', 'and'],
  ['or', 'or'],
  ['xor', 'xor'],
  ['exchange', 'exchange'],
  ['compareExchange', 'compareExchange'],
];
const bitsOf = (value: number | bigint, bytes: number) => ({ low: lowBits(value), high: highBits(value, bytes) });

describe.each([
  ['int32', 4, fc.integer()],
  ['bigint64', 8, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
] as const)('a cell of %s', (type, bytes, anyValue) => {
  // The union of two arbitraries of different values is one of either.
  const values = anyValue as fc.Arbitrary<number | bigint>;

  it.each(operations)('does what Atomics do at %s', (kind, op) => {
    fc.assert(
      fc.property(values, values, values, fc.boolean(), (initial, other, replacement, isExpected) => {
        const operand = isExpected ? initial : other;
        const frame = new Uint8Array(8);
        applyAtomic(frame, 0, { op: 'store', type, operand: initial, replacement: initial });
        applyAtomic(frame, 0, { op, type, operand, replacement });
        const cell = new Cell();
        cell.set(lowBits(initial), highBits(initial, bytes));
        cell.apply(codeOf(kind), bitsOf(operand, bytes), bitsOf(replacement, bytes), bytes);
        const after = applyAtomic(frame, 0, { op: 'load', type, operand: initial, replacement: initial });
        expect(BigInt(valueOfBits(cell.low, cell.high, bytes))).toBe(BigInt(after));
      }),
      replayable('cell.test.ts', 100),
    );
  });

  it('holds every value', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(BigInt(valueOfBits(lowBits(value), highBits(value, bytes), bytes))).toBe(BigInt(value));
      }),
      replayable('cell.test.ts', 200),
    );
  });
});

describe('what stands for bytes', () => {
  it('is the integer that few of them are', () => {
    expect(digestOf(Uint8Array.of(255, 255, 255, 255))).toBe(-1);
    expect(digestOf(Uint8Array.of(1, 1))).toBe(257);
    expect(digestOf(Uint8Array.of(254, 255, 255, 255, 255, 255, 255, 255))).toBe(-2n);
  });

  it('is 0 for zeros, however many, and only for them', () => {
    for (const length of [1, 4, 8, 9, 100]) expect(BigInt(digestOf(new Uint8Array(length)))).toBe(0n);
    for (let at = 0; at < 33; at++) {
      const bytes = new Uint8Array(33);
      bytes[at] = 1;
      expect(digestOf(bytes)).not.toBe(0n);
    }
  });

  it('differs for bytes that differ in one bit, in order or in length', () => {
    const seen = new Set<number | bigint>();
    for (let bit = 0; bit < 800; bit++) {
      const bytes = new Uint8Array(100).fill(7);
      bytes[bit >> 3] = 7 ^ (1 << (bit & 7));
      seen.add(digestOf(bytes));
      seen.add(digestOf(Uint8Array.from(bytes, (_, at) => (at === bit ? 9 : at))));
      seen.add(digestOf(new Uint8Array(9 + bit).fill(3)));
    }
    // The second kind does not depend on the bit beyond the first hundred.
    expect(seen.size).toBe(800 + 100 + 800);
  });
});
