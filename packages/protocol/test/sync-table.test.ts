import { describe, expect, test } from 'vitest';
import {
  incarnation,
  limits,
  millis,
  pageId,
  regionId,
  type SyncEffect,
  type SyncInput,
  type SyncRequest,
  SyncTable,
  version,
} from '../src/index.js';

/** A table with members, and what it says to each. */
class Bench {
  readonly table: SyncTable;
  readonly told: SyncEffect[] = [];

  constructor(members: number, lastToken?: number) {
    this.table = new SyncTable(lastToken === undefined ? {} : { lastToken });
    for (let n = 1; n <= members; n += 1) this.step({ kind: 'member-joined', member: incarnation(n) });
  }

  step(input: SyncInput): void {
    this.told.push(...this.table.step(millis(0), input));
  }

  say(from: number, message: Extract<SyncInput, { kind: 'message' }>['message']): void {
    this.step({ kind: 'message', from: incarnation(from), message });
  }

  wait(from: number, id: number, offset = 0): void {
    const message = { kind: 'wait', id, page: pageId(regionId(1), 0), offset, version: version(0) } as const satisfies SyncRequest;
    const standing = { kind: 'current', version: version(0), newer: false } as const;
    this.step({ kind: 'address-message', from: incarnation(from), message, standing });
  }

  /** What was said since the last call: kinds of messages, and of effects that are none. */
  take(): string[] {
    return this.told.splice(0).map((effect) => (effect.kind === 'send' ? effect.message.kind : effect.kind));
  }

  codes(): string[] {
    return this.told
      .splice(0)
      .flatMap((effect) => (effect.kind === 'send' && effect.message.kind === 'denied' ? [effect.message.code] : []));
  }
}

describe('a table of synchronization objects', () => {
  test('gives tokens above those of the table before it', () => {
    const bench = new Bench(1, 1000);
    bench.say(1, { kind: 'lock', id: 1, name: 'a' });
    bench.say(1, { kind: 'lock', id: 2, name: 'b' });
    expect(bench.told).toMatchObject([{ message: { token: 1001 } }, { message: { token: 1002 } }]);
  });

  test('takes a number that is not new for a broken protocol', () => {
    const bench = new Bench(1);
    bench.say(1, { kind: 'lock', id: 5, name: 'a' });
    bench.take();
    bench.say(1, { kind: 'lock', id: 5, name: 'b' });
    bench.wait(1, 4);
    expect(bench.take()).toEqual(['violation', 'violation']);
    expect(bench.table.openRequests).toBe(1);
  });

  test('listens to members only', () => {
    const bench = new Bench(1);
    bench.say(2, { kind: 'lock', id: 1, name: 'a' });
    bench.step({ kind: 'member-lost', member: incarnation(1), left: false });
    bench.say(1, { kind: 'lock', id: 1, name: 'a' });
    bench.wait(1, 2);
    expect(bench.take()).toEqual(['ignored', 'ignored', 'ignored']);
  });

  test('refuses what is more than one lock, or one address, can have waiting', () => {
    const bench = new Bench(3);
    for (let id = 1; id <= limits.maxSyncWaitersPerObject / 2; id += 1) {
      for (const from of [1, 2]) {
        bench.say(from, { kind: 'lock', id: 2 * id, name: 'a' });
        bench.wait(from, 2 * id + 1);
      }
    }
    // One of those holds the lock.
    bench.say(3, { kind: 'lock', id: 1, name: 'a' });
    bench.take();
    bench.say(3, { kind: 'lock', id: 2, name: 'a' });
    bench.wait(3, 3);
    expect(bench.codes()).toEqual(['overloaded', 'overloaded']);
    bench.wait(3, 4, 4);
    expect(bench.take()).toEqual(['waiting']);
  });

  test('refuses what is more than one node can have open, until some of it has ended', () => {
    const bench = new Bench(2);
    for (let id = 1; id <= limits.maxSyncRequestsPerNode; id += 1) bench.say(1, { kind: 'lock', id, name: `l${id}` });
    bench.take();
    bench.say(1, { kind: 'arrive', id: 5001, name: 'b', parties: 2 });
    bench.wait(1, 5002);
    bench.say(1, { kind: 'lock', id: 5003, name: 'l1' });
    expect(bench.codes()).toEqual(['overloaded', 'overloaded', 'overloaded']);
    bench.say(1, { kind: 'give-back', id: 1 });
    bench.say(1, { kind: 'arrive', id: 5004, name: 'b', parties: 1 });
    expect(bench.take()).toEqual(['given-back', 'passed']);
  });

  test('refuses more names in use than it has room for, and has room again when one is not used any more', () => {
    const bench = new Bench(2);
    for (let id = 1; id <= limits.maxSyncObjects; id += 1) bench.say(1, { kind: 'lock', id, name: `l${id}` });
    bench.take();
    bench.say(2, { kind: 'lock', id: 1, name: 'one more' });
    bench.say(2, { kind: 'take-permits', id: 2, name: 'l1', permits: 2, count: 1 });
    expect(bench.take()).toEqual(['denied', 'obtained']);
    bench.say(1, { kind: 'give-back', id: 1 });
    bench.say(2, { kind: 'lock', id: 3, name: 'one more' });
    expect(bench.take()).toEqual(['given-back', 'obtained']);
  });

  test('forgets the barrier that has rested longest when too many rest, and says so', () => {
    const bench = new Bench(1);
    for (let id = 1; id <= limits.maxSyncObjects; id += 1) bench.say(1, { kind: 'arrive', id, name: `b${id}`, parties: 1 });
    bench.say(1, { kind: 'arrive', id: 5000, name: 'b1', parties: 1 });
    bench.told.length = 0;
    bench.say(1, { kind: 'arrive', id: 5001, name: 'new', parties: 1 });
    expect(bench.told).toMatchObject([{ message: { kind: 'passed' } }, { kind: 'forgotten', object: 'barrier', name: 'b2' }]);
    bench.told.length = 0;
    bench.say(1, { kind: 'arrive', id: 5002, name: 'b1', parties: 1 });
    expect(bench.told).toMatchObject([{ message: { generation: 3 } }]);
  });

  test('keeps nothing of a lock, a semaphore or an address that nobody uses', () => {
    const bench = new Bench(2);
    for (let id = 1; id <= 3 * limits.maxSyncObjects; id += 1) {
      bench.say(1, { kind: 'lock', id, name: `l${id}` });
      bench.say(1, { kind: 'give-back', id });
    }
    expect(bench.table.openRequests).toBe(0);
    expect(new Set(bench.take())).toEqual(new Set(['obtained', 'given-back']));
  });
});
