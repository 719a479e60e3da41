import { describe, expect, test } from 'vitest';
import { RegisterHistory } from '../src/register-history.js';
import { compareWithSearch } from './linearizability-oracle.js';

const of = (sequence: number) => ({ writer: 1, sequence });

function readAt(history: RegisterHistory, [start, end]: readonly [number, number], sequence: number): string | undefined {
  history.beginRead(start);
  return history.endRead(start, end, sequence === 0 ? { writer: 0, sequence } : of(sequence));
}

function writeAt(history: RegisterHistory, [start, end]: readonly [number, number], sequence: number): string | undefined {
  return history.acknowledged(history.beginWrite(1, sequence, start), end);
}

describe('a register history', () => {
  test('accepts reads that return the last write', () => {
    const history = new RegisterHistory();
    expect([readAt(history, [1, 2], 0), writeAt(history, [3, 4], 1), readAt(history, [5, 6], 1)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(history.candidates).toBe(1);
  });

  test('accepts either value while a write is under way, and keeps both', () => {
    const history = new RegisterHistory();
    history.beginRead(1);
    history.beginRead(2);
    const write = history.beginWrite(1, 1, 3);
    expect(history.endRead(1, 4, { writer: 0, sequence: 0 })).toBeUndefined();
    expect(history.endRead(2, 5, of(1))).toBeUndefined();
    expect(history.acknowledged(write, 6)).toBeUndefined();
  });

  test('finds a read that began after the value was overwritten', () => {
    const history = new RegisterHistory();
    writeAt(history, [1, 2], 1);
    writeAt(history, [3, 4], 2);
    expect(readAt(history, [5, 6], 1)).toContain('overwritten');
  });

  test('finds a read that began before the overwriting write ended only if the new value had been seen', () => {
    const history = new RegisterHistory();
    writeAt(history, [1, 2], 1);
    history.beginWrite(1, 2, 3);
    expect(readAt(history, [4, 5], 1)).toBeUndefined();
    expect(readAt(history, [6, 7], 2)).toBeUndefined();
    expect(readAt(history, [8, 9], 1)).toBeDefined();
  });

  test('finds a value that comes back after two concurrent writes had been seen in order', () => {
    const history = new RegisterHistory();
    history.beginWrite(1, 1, 1);
    history.beginWrite(1, 2, 2);
    expect(readAt(history, [3, 4], 1)).toBeUndefined();
    expect(readAt(history, [5, 6], 2)).toBeUndefined();
    expect(readAt(history, [7, 8], 1)).toBeDefined();
  });

  test('finds a value that nobody wrote', () => {
    expect(readAt(new RegisterHistory(), [1, 2], 9)).toContain('never written');
  });

  test('finds zeros after a write was acknowledged', () => {
    const history = new RegisterHistory();
    writeAt(history, [1, 2], 1);
    expect(readAt(history, [3, 4], 0)).toContain('unwritten');
  });

  test('lets a write of unknown outcome appear late, once', () => {
    const history = new RegisterHistory();
    history.beginWrite(1, 1, 1);
    writeAt(history, [2, 3], 2);
    expect(readAt(history, [4, 5], 2)).toBeUndefined();
    expect(readAt(history, [6, 7], 1)).toBeUndefined();
    expect(readAt(history, [8, 9], 2)).toBeDefined();
  });

  test('finds a write that was refused as not started and took effect all the same, whether read before or after', () => {
    const before = new RegisterHistory();
    const seen = before.beginWrite(1, 1, 1);
    readAt(before, [2, 3], 1);
    expect(before.withdraw(seen)).toContain('refused');
    const after = new RegisterHistory();
    after.withdraw(after.beginWrite(1, 1, 1));
    expect(readAt(after, [2, 3], 1)).toBeDefined();
  });

  test('accuses a record once, however often it is read wrongly', () => {
    const history = new RegisterHistory();
    writeAt(history, [1, 2], 1);
    expect(readAt(history, [3, 4], 0)).toBeDefined();
    expect(readAt(history, [5, 6], 0)).toBeUndefined();
  });

  test('finds a value that precedes one which precedes the newest, when it could itself be newer than that', () => {
    const history = new RegisterHistory();
    const oldest = history.beginWrite(1, 1, 1);
    writeAt(history, [2, 5], 2);
    const newest = history.beginWrite(1, 3, 10);
    history.acknowledged(oldest, 20);
    expect(readAt(history, [50, 51], 2)).toBeUndefined();
    history.acknowledged(newest, 100);
    expect(history.candidates).toBe(1);
    expect(readAt(history, [150, 151], 1)).toBeDefined();
  });

  test('remembers only what operations in flight can still return', () => {
    const history = new RegisterHistory();
    history.beginRead(1);
    for (let i = 1; i <= 100; i++) writeAt(history, [2 * i, 2 * i + 1], i);
    expect(history.candidates).toBe(101);
    history.abandonRead(1);
    expect(history.candidates).toBe(1);
  });

  // Against the definition: a history is right when some order of its operations explains it.
  test('agrees with a search over all orders, on random histories', () => {
    const { disagreements, rejected, accepted } = compareWithSearch(30_000);
    expect(disagreements).toEqual([]);
    expect(rejected).toBeGreaterThan(1000);
    expect(accepted).toBeGreaterThan(1000);
  });
});
