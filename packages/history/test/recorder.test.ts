import { describe, expect, it } from 'vitest';
import { checkHistory, HistoryRecorder, operationsOf } from '../src/index.js';
import { WitnessedMemory } from './witnessed-memory.js';

/** A recorder whose clock counts its readings, and one process over a memory of its own. */
function recording(options: { readonly maxOperations?: number } = {}) {
  let time = 0;
  const recorder = new HistoryRecorder({
    now: () => {
      time += 1;
      return time;
    },
    ...options,
  });
  const memory = new WitnessedMemory();
  const lane = recorder.process('lane');
  return { recorder, memory, lane, region: lane.over(memory) };
}

const witness = (serial: number) => ({ incarnation: 1, version: 1, serial });
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** An error as another copy of the protocol package makes it. */
class PagewireError extends Error {
  override readonly name = 'PagewireError';
  readonly code = 'overloaded';
}

describe('a recorded region', () => {
  it('knows a refusal by its code, whichever copy of the class it comes from', () => {
    const { recorder, lane } = recording();
    const location = recorder.location({ region: 'r', offset: 0, bytes: 4, page: 0, initial: 0 });
    lane.rejected(lane.begin({ kind: 'write', location, argument: 1 }), new PagewireError('no room'), 'write');
    expect(operationsOf(recorder.history())).toMatchObject([{ outcome: 'failed' }]);
  });

  it('does what the region does, and keeps what was done, seen and when', async () => {
    const { recorder, region } = recording();
    await region.write(100, Uint8Array.of(1, 2, 3, 4));
    expect(await region.read(100, 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
    expect(await region.atomics.add('int32', 8, 5)).toBe(0);
    expect(await region.atomics.compareExchange('int32', 8, 5, 6)).toBe(5);
    expect(await region.atomics.load('int32', 8)).toBe(6);
    expect(await region.atomics.store('bigint64', 4096, 7n)).toBe(7n);
    const ok = { process: 0, outcome: 'ok' };
    expect(operationsOf(recorder.history())).toEqual([
      { ...ok, kind: 'write', location: 0, argument: 0x04030201, invoked: 1, completed: 2, witness: witness(1) },
      { ...ok, kind: 'read', location: 0, result: 0x04030201, invoked: 3, completed: 4, witness: witness(2) },
      { ...ok, kind: 'add', location: 1, argument: 5, result: 0, invoked: 5, completed: 6, witness: witness(3) },
      {
        ...ok,
        kind: 'compareExchange',
        location: 1,
        argument: 5,
        replacement: 6,
        result: 5,
        invoked: 7,
        completed: 8,
        witness: witness(4),
      },
      { ...ok, kind: 'read', location: 1, result: 6, invoked: 9, completed: 10, witness: witness(5) },
      { ...ok, kind: 'write', location: 2, argument: 7, invoked: 11, completed: 12, witness: witness(6) },
    ]);
    expect(recorder.history().locations.map(({ offset, bytes, page, initial }) => [offset, bytes, page, initial])).toEqual([
      [100, 4, 0, 0],
      [8, 4, 0, 0],
      [4096, 8, 1, 0],
    ]);
    expect(checkHistory(recorder.history()).outcome).toBe('consistent');
  });

  it('tells records apart by a digest of their bytes, or by one of the caller', async () => {
    const { recorder, memory, lane, region } = recording();
    await region.write(0, new Uint8Array(64).fill(1));
    await region.read(0, 64);
    const named = lane.over(memory, { digest: (bytes) => bytes[0] ?? 0, initial: 'unknown', name: 'later' });
    await named.read(64, 64);
    const [write, read, last] = operationsOf(recorder.history());
    expect(read?.result).toBe(write?.argument);
    expect(last?.result).toBe(0);
    expect(recorder.history().locations.map(({ region, initial }) => [region, initial])).toEqual([
      ['grid', 0],
      ['later', undefined],
    ]);
  });

  it('is one location for all processes that use the same bytes', async () => {
    const { recorder, memory, region } = recording();
    await region.atomics.add('int32', 8, 1);
    await recorder.process('other').over(memory).atomics.add('int32', 8, 1);
    expect(recorder.history().locations).toHaveLength(1);
  });

  it('refuses a second operation of a process while one is under way, and records nothing of it', async () => {
    const { recorder, region } = recording();
    const first = region.read(0, 4);
    await expect(region.read(0, 4)).rejects.toMatchObject({ code: 'bad-argument', message: expect.stringContaining('each lane') });
    await first;
    expect(recorder.length).toBe(1);
  });

  it.each([
    ['crosses pages', 4094, 4],
    ['is empty', 0, 0],
    ['leaves the region', 1 << 16, 4],
  ])('refuses an access that %s, and records nothing of it', async (_what, offset, length) => {
    const { recorder, region } = recording();
    await expect(region.read(offset, length)).rejects.toThrow();
    await expect(region.write(offset, new Uint8Array(length))).rejects.toThrow();
    expect(recorder.length).toBe(0);
  });
});

describe('an operation that fails', () => {
  it('did not happen if it is a read or was refused; otherwise nobody knows', async () => {
    const { recorder, memory, region } = recording();
    memory.fail('timeout', false);
    await expect(region.read(0, 4)).rejects.toMatchObject({ code: 'timeout' });
    await expect(region.write(0, new Uint8Array(4))).rejects.toMatchObject({ code: 'timeout' });
    memory.fail('overloaded', false);
    await expect(region.atomics.add('int32', 0, 1)).rejects.toMatchObject({ code: 'overloaded' });
    memory.fail('outcome-unknown', true);
    await expect(region.atomics.add('int32', 0, 1)).rejects.toMatchObject({ code: 'outcome-unknown' });
    const operations = operationsOf(recorder.history());
    expect(operations.map(({ outcome }) => outcome)).toEqual(['failed', 'unknown', 'failed', 'unknown']);
    expect(operations.map((operation) => operation.witness !== undefined)).toEqual([false, false, false, true]);
    expect(operations.some(({ completed }) => completed !== undefined)).toBe(false);
  });
});

describe('an operation that others may not depend on yet', () => {
  it('is in doubt until it is confirmed', async () => {
    const { recorder, memory, region } = recording();
    let confirm = (): void => {};
    memory.confirmed = new Promise((resolve) => {
      confirm = resolve;
    });
    await region.write(0, Uint8Array.of(1, 0, 0, 0));
    expect(operationsOf(recorder.history())).toMatchObject([{ outcome: 'unknown', completed: 2, witness: witness(1) }]);
    confirm();
    await settle();
    expect(operationsOf(recorder.history())).toMatchObject([{ outcome: 'ok' }]);
  });

  it('stays in doubt when its node ends first', async () => {
    const { recorder, memory, region } = recording();
    memory.confirmed = Promise.reject(new Error('the node has ended'));
    await region.write(0, Uint8Array.of(1, 0, 0, 0));
    await settle();
    expect(operationsOf(recorder.history())).toMatchObject([{ outcome: 'unknown', completed: 2 }]);
  });
});

describe('a history that is full', () => {
  it('ends there: what is under way at that time is in doubt, and goes on', async () => {
    const { recorder, memory } = recording({ maxOperations: 2 });
    const [a, b] = [recorder.process('a').over(memory), recorder.process('b').over(memory)];
    await a.atomics.add('int32', 0, 1);
    const last = a.atomics.add('int32', 0, 1);
    const beyond = b.atomics.add('int32', 0, 1);
    expect(recorder.isFull).toBe(true);
    expect([await last, await beyond]).toEqual([1, 2]);
    expect(await b.atomics.load('int32', 0)).toBe(3);
    const operations = operationsOf(recorder.history());
    expect(operations.map(({ outcome }) => outcome)).toEqual(['ok', 'unknown']);
    expect(checkHistory(recorder.history()).outcome).toBe('consistent');
  });
});

describe('an operation recorded by hand', () => {
  it('is what its steps say', () => {
    const { recorder, lane } = recording();
    const location = recorder.location({ region: 'r', offset: 0, bytes: 4, page: 0, initial: 0 });
    const write = lane.begin({ kind: 'write', location, argument: 3 });
    lane.performed(write, witness(1));
    lane.completed(write);
    const read = lane.begin({ kind: 'read', location });
    lane.performed(read, witness(2));
    lane.completed(read, 3);
    const lost = lane.begin({ kind: 'add', location, argument: 1 });
    lane.gaveUp(lost);
    lane.failed(lane.begin({ kind: 'read', location }));
    expect(operationsOf(recorder.history()).map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'unknown', 'failed']);
    expect(checkHistory(recorder.history())).toMatchObject({ outcome: 'consistent', counts: { checked: 2, unknown: 1, failed: 1 } });
  });

  it('grows the columns as far as it must', () => {
    const { recorder, lane } = recording();
    const location = recorder.location({ region: 'r', offset: 0, bytes: 4, page: 0, initial: 0 });
    for (let count = 0; count < 1000; count++) {
      const add = lane.begin({ kind: 'add', location, argument: 1 });
      lane.performed(add, witness(count + 1));
      lane.completed(add, count);
    }
    expect(checkHistory(recorder.history())).toMatchObject({ outcome: 'consistent', counts: { checked: 1000 } });
  });
});
