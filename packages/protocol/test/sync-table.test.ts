import fc from 'fast-check';
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

/** Parties of a barrier, one on each node, that come again and again: when it breaks, each goes on with one party less. */
class BarrierParties {
  readonly codes = new Set<string>();
  /** How often each was told that it broke. */
  readonly broken: number[];
  readonly #expected: number[];
  readonly #waiting = new Set<number>();
  #lastId = 0;
  lastParties = 0;

  constructor(
    readonly bench: Bench,
    parties: number,
  ) {
    this.broken = Array(parties + 1).fill(0);
    this.#expected = Array(parties + 1).fill(parties);
  }

  arrive(n: number): void {
    if (this.#waiting.has(n)) return;
    this.#waiting.add(n);
    this.#lastId += 1;
    this.bench.say(n, { kind: 'arrive', id: this.#lastId, name: 'step', parties: this.#expected[n] ?? 0 });
    this.hear();
  }

  hear(): void {
    let passed = 0;
    for (const effect of this.bench.told.splice(0)) {
      if (effect.kind !== 'send') continue;
      this.#waiting.delete(effect.to);
      if (effect.message.kind === 'passed') passed += 1;
      if (effect.message.kind !== 'denied') continue;
      this.codes.add(effect.message.code);
      this.broken[effect.to] = (this.broken[effect.to] ?? 0) + 1;
      this.#expected[effect.to] = (this.#expected[effect.to] ?? 0) - 1;
    }
    if (passed > 0) this.lastParties = passed;
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

  test('has names for every node, also when one uses as many as it may', () => {
    const bench = new Bench(2);
    for (let id = 1; id <= limits.maxSyncRequestsPerNode; id += 1) bench.say(1, { kind: 'lock', id, name: `l${id}` });
    bench.take();
    bench.say(2, { kind: 'lock', id: 1, name: 'one more' });
    bench.say(2, { kind: 'take-permits', id: 2, name: 'l1', permits: 2, count: 1 });
    bench.say(2, { kind: 'arrive', id: 3, name: 'l1', parties: 1 });
    expect(bench.take()).toEqual(['obtained', 'obtained', 'passed']);
  });

  test('forgets the barrier that has rested longest when too many rest, and says so', () => {
    const bench = new Bench(1);
    for (let id = 1; id <= limits.maxIdleSyncObjects; id += 1) bench.say(1, { kind: 'arrive', id, name: `b${id}`, parties: 1 });
    bench.say(1, { kind: 'arrive', id: 5000, name: 'b1', parties: 1 });
    bench.told.length = 0;
    bench.say(1, { kind: 'arrive', id: 5001, name: 'new', parties: 1 });
    expect(bench.told).toMatchObject([{ message: { kind: 'passed' } }, { kind: 'forgotten', object: 'barrier', name: 'b2' }]);
    bench.told.length = 0;
    bench.say(1, { kind: 'arrive', id: 5002, name: 'b1', parties: 1 });
    expect(bench.told).toMatchObject([{ message: { generation: 3 } }]);
  });

  test('tells every party of a barrier that it broke, whenever it comes, and then lets those pass that agree anew', () => {
    const run = fc.property(
      fc.integer({ min: 2, max: 5 }),
      fc.boolean(),
      fc.array(fc.nat(), { maxLength: 30 }),
      fc.nat(),
      (survivors, passedBefore, order, early) => {
        const parties = survivors + 1;
        const bench = new Bench(parties);
        const people = new BarrierParties(bench, parties);
        if (passedBefore) for (let n = 1; n <= parties; n += 1) people.arrive(n);
        for (let n = parties; n > 1 + (early % survivors); n -= 1) people.arrive(n);
        bench.step({ kind: 'member-lost', member: incarnation(parties), left: false });
        people.hear();
        const rest = Array.from({ length: 3 * survivors }, (_, at) => at);
        for (const pick of [...order, ...rest]) people.arrive(1 + (pick % survivors));
        expect(people.codes).toEqual(new Set(['broken']));
        expect(people.broken.slice(1, parties)).toEqual(Array(survivors).fill(1));
        expect(people.lastParties).toBe(survivors);
      },
    );
    fc.assert(run, { numRuns: 500 });
  });

  test('keeps nothing of a lock, a semaphore or an address that nobody uses', () => {
    const bench = new Bench(2);
    for (let id = 1; id <= 3 * limits.maxIdleSyncObjects; id += 1) {
      bench.say(1, { kind: 'lock', id, name: `l${id}` });
      bench.say(1, { kind: 'give-back', id });
    }
    expect(bench.table.openRequests).toBe(0);
    expect(new Set(bench.take())).toEqual(new Set(['obtained', 'given-back']));
  });
});
