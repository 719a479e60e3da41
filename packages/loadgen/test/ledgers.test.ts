import { PagewireError, type RegionAccess } from '@pagewire/protocol';
import { describe, expect, test } from 'vitest';
import { KeySpace } from '../src/key-space.js';
import { RecordLayout } from '../src/record-layout.js';
import { RecordStore } from '../src/record-store.js';
import { Verdict } from '../src/verdict.js';
import { accountAt, packAccount, unpackAccount } from '../src/workloads/account.js';
import { AccountLedger } from '../src/workloads/account-ledger.js';
import { CounterLedger } from '../src/workloads/counter-ledger.js';
import { FakeMemory } from './fake-memory.js';

describe('a counter ledger', () => {
  test('accepts concurrent increments that return their numbers in any order', () => {
    const ledger = new CounterLedger();
    const [one, two] = [ledger.begin(), ledger.begin()];
    expect([ledger.end(two, 0), ledger.end(one, 1), ledger.settle(2, 2)]).toEqual([undefined, undefined, undefined]);
  });

  test('finds a number that was handed out twice', () => {
    const ledger = new CounterLedger();
    const [one, two] = [ledger.begin(), ledger.begin()];
    expect([ledger.end(one, 0), ledger.end(two, 0)]).toEqual([undefined, expect.stringContaining('another increment had returned')]);
  });

  test('finds a number below one that had been returned before the increment began', () => {
    const ledger = new CounterLedger();
    const [one] = [ledger.begin(), ledger.begin()];
    expect(ledger.end(one, 1)).toBeUndefined();
    expect(ledger.end(ledger.begin(), 0)).toContain('had ended before it began');
  });

  test('finds a number that too few increments could have made', () => {
    const ledger = new CounterLedger();
    expect(ledger.end(ledger.begin(), 1)).toContain('only 1 increments had begun');
  });

  test('settles between what was acknowledged and what may have happened, and nowhere else', () => {
    const ledger = new CounterLedger();
    ledger.end(ledger.begin(), 0);
    ledger.begin();
    expect([0, 1, 2, 3].map((n) => ledger.settle(n, 1) === undefined)).toEqual([false, true, true, false]);
    expect(ledger.settle(3, 1)).toContain('1 had an unknown outcome');
  });

  test('accepts a value that was read before an increment under way was acknowledged', () => {
    const ledger = new CounterLedger();
    ledger.end(ledger.begin(), 0);
    const late = ledger.begin();
    const least = ledger.acknowledged;
    ledger.end(late, 1);
    expect([1, 2].map((n) => ledger.settle(n, least))).toEqual([undefined, undefined]);
  });

  test('remembers a hundred thousand numbers', () => {
    const ledger = new CounterLedger();
    const problems = Array.from({ length: 100_000 }, (_, n) => ledger.end(ledger.begin(), n)).filter((problem) => problem !== undefined);
    expect(problems).toEqual([]);
  });
});

describe('an account', () => {
  test.each([
    [0, 0],
    [1, 2],
    [2 ** 32 - 1, 0],
    [0, 2 ** 32 - 1],
    [2 ** 31, 2 ** 31],
  ])('keeps sent %i and received %i apart', (sent, received) => {
    const word = packAccount({ sent, received });
    expect(BigInt.asIntN(64, word)).toBe(word);
    expect(unpackAccount(word)).toEqual({ sent, received });
    const page = new Uint8Array(BigInt64Array.of(0n, word).buffer);
    expect(accountAt(page, 8)).toEqual({ sent, received });
  });

  test('that has less than nothing is found', () => {
    const ledger = new AccountLedger(10);
    ledger.sent.begin(11);
    expect(ledger.see({ sent: 11, received: 0 }, ledger.floor())).toContain('more was taken than it had');
  });

  test('counts from the word that the run found, across the end of 32 bits', () => {
    const ledger = new AccountLedger(1000);
    ledger.first = { sent: 2 ** 32 - 5, received: 7 };
    expect(ledger.balance({ sent: 5, received: 8 })).toBe(991);
  });
});

describe('a record store', () => {
  test('accuses a memory that refused a write as not started and shows it all the same', async () => {
    const memory = new FakeMemory();
    const verdict = new Verdict();
    const layout = new RecordLayout({ pageBytes: 1024, recordBytes: 64, capacity: 16 });
    const store = new RecordStore(layout, 1, verdict);
    const client = await memory.open(0);
    const region = await client.region('test', { bytes: layout.regionBytes, pageBytes: 1024 });
    const lying: RegionAccess = {
      ...region,
      write: async (offset, bytes) => {
        await region.write(offset, bytes);
        await store.read({ region, writer: 2 }, 3);
        throw new PagewireError('overloaded', 'planted');
      },
    };
    await expect(store.write({ region: lying, writer: 1 }, 3)).rejects.toMatchObject({ code: 'overloaded' });
    expect(verdict.failures).toEqual([expect.stringContaining('refused as not started')]);
  });
});

describe('a key space', () => {
  test('offers a key once its insert and all before it have ended', () => {
    const keys = new KeySpace({ records: 10, capacity: 13 });
    expect([keys.allocate(), keys.allocate(), keys.allocate(), keys.allocate()]).toEqual([10, 11, 12, undefined]);
    keys.ended(12);
    keys.ended(11);
    expect(keys.limit).toBe(10);
    keys.ended(10);
    expect(keys.limit).toBe(13);
  });
});

describe('a verdict', () => {
  test('without a single check is not ok', () => {
    expect(new Verdict().ok).toBe(false);
  });

  test('counts every failure and describes the first ten', () => {
    const verdict = new Verdict();
    for (let i = 0; i < 25; i++) verdict.failed(`failure ${i}`);
    verdict.passed();
    expect(verdict).toMatchObject({ ok: false, checks: 26, wrong: 25 });
    expect(verdict.failures).toEqual(Array.from({ length: 10 }, (_, i) => `failure ${i}`));
  });
});
