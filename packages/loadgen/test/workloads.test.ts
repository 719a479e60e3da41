import { describe, expect, test } from 'vitest';
import { type LoadOptions, type LoadReport, runLoad } from '../src/index.js';
import {
  DropsExchange,
  DropsWrites,
  FailsChanges,
  ForgetsPages,
  LosesPage,
  LosesUpdates,
  ReadsElsewhere,
  ReadsStale,
  TearsReads,
  TearsWrites,
} from './broken-memories.js';
import { FakeMemory } from './fake-memory.js';
import { VirtualClock } from './virtual-clock.js';

const base = { targets: ['ws://127.0.0.1:1'], clients: 4, depth: 3, operations: 4000, seed: 42, pageBytes: 1024 };
const records = { ...base, records: 100, recordBytes: 128 };

function options(workload: LoadOptions['workload'], more: Partial<LoadOptions> = {}): LoadOptions {
  const sized = workload === 'counter' || workload === 'transfer' ? { ...base, records: workload === 'counter' ? 8 : 64 } : records;
  return { ...sized, workload, ...more };
}

const run = (workload: LoadOptions['workload'], memory: FakeMemory, more: Partial<LoadOptions> = {}): Promise<LoadReport> =>
  runLoad(options(workload, more), { open: memory.open });

const total = (report: LoadReport): number => Object.values(report.latencyUs).reduce((sum, { count }) => sum + count, 0);

describe('on a correct memory', () => {
  test.each(['a', 'b', 'c', 'd', 'e', 'f', 'counter', 'transfer', 'scan'] as const)(
    'workload %s verifies and counts every operation',
    async (workload) => {
      const memory = new FakeMemory();
      const report = await run(workload, memory);
      expect(report.verification).toMatchObject({ ok: true, wrong: 0, failures: [] });
      expect(report.verification.checks).toBeGreaterThanOrEqual(2000);
      expect(report).toMatchObject({ operations: 4000, errors: {}, aborted: false, setAside: 0, behind: 0, notes: [] });
      expect(total(report)).toBe(4000);
      expect(memory.openClients).toBe(0);
      expect(memory.deleted).toBe(1);
    },
  );

  test.each([
    ['a', { read: 0.5, update: 0.5 }],
    ['b', { read: 0.95, update: 0.05 }],
    ['c', { read: 1 }],
    ['d', { read: 0.95, insert: 0.05 }],
    ['e', { scan: 0.95, insert: 0.05 }],
    ['f', { read: 0.5, rmw: 0.5 }],
  ] as const)('workload %s has the mix of YCSB', async (workload, mix) => {
    const { latencyUs } = await run(workload, new FakeMemory());
    const shares = Object.fromEntries(Object.entries(latencyUs).map(([kind, { count }]) => [kind, count / 4000]));
    const expected = Object.fromEntries(Object.entries(mix).map(([kind, share]) => [kind, expect.closeTo(share, 1)]));
    expect(shares).toEqual(expected);
  });

  test('the same seed does the same operations', async () => {
    const serial = { clients: 1, depth: 1 };
    const counts = (report: LoadReport) => Object.fromEntries(Object.entries(report.latencyUs).map(([kind, { count }]) => [kind, count]));
    const one = await run('a', new FakeMemory(), serial);
    const two = await run('a', new FakeMemory(), serial);
    const other = await run('a', new FakeMemory(), { ...serial, seed: 43 });
    expect(counts(two)).toEqual(counts(one));
    expect(counts(other)).not.toEqual(counts(one));
  });

  test('a region left by an earlier run does not disturb the next', async () => {
    const memory = new FakeMemory();
    const reports = [];
    for (let i = 0; i < 3; i++) reports.push(await run('d', memory, { keep: true }));
    for (const report of reports) expect(report.verification).toMatchObject({ ok: true });
    expect(memory.deleted).toBe(0);
  });

  test.each(['counter', 'transfer'] as const)('%s starts from whatever values the region holds', async (workload) => {
    const memory = new FakeMemory();
    await run(workload, memory);
    memory.bytes.fill(0xff);
    expect((await run(workload, memory)).verification).toMatchObject({ ok: true });
  });

  test('inserts into a full region become updates, and the report says so', async () => {
    const clock = new VirtualClock();
    const memory = new FakeMemory();
    memory.pause = () => clock.sleep(0.001);
    // A run of 200 ms gets room for a thousand inserts, and this memory is fast enough to ask for more.
    const full = options('d', { operations: 25_000, durationMs: 200, clients: 1, depth: 1 });
    const report = await runLoad(full, { open: memory.open, clock });
    expect(report.verification).toMatchObject({ ok: true });
    expect(report.latencyUs.insert?.count).toBe(1000);
    expect(report.notes).toEqual([`the region was full at 1,100 records: ${report.latencyUs.update?.count} inserts were done as updates`]);
  });

  test('a transfer moves money, and its total is what it was', async () => {
    const report = await run('transfer', new FakeMemory());
    expect(report.latencyUs.move?.count).toBeGreaterThan(2500);
    expect(report.verification.summary).toMatch(/total of 64 accounts 64,000 before and 64,000 after [\d,]+ moves; [\d,]+ checks, 0 wrong/);
  });
});

describe('verification finds', () => {
  test.each([
    ['lost increments', 'counter', new LosesUpdates(), /is lost|acknowledged/],
    ['lost compare-exchanges', 'transfer', new LosesUpdates(), /lost update/],
    ['pages made of two moments, in accounts', 'transfer', new TearsReads(), /two moments|stale/],
    ['pages made of two moments, in records', 'a', new TearsReads(), /torn/],
    ['torn writes', 'a', new TearsWrites(), /torn/],
    ['torn writes', 'f', new TearsWrites(), /torn/],
    ['dropped writes that are read again', 'a', new DropsWrites(), /overwritten/],
    ['dropped inserts', 'd', new DropsWrites(), /unwritten/],
    ['dropped writes in the load phase', 'scan', new DropsWrites(5), /unwritten/],
    ['stale reads', 'b', new ReadsStale(), /overwritten/],
    ['stale reads of accounts', 'transfer', new ReadsStale(), /stale/],
    ['bytes of another place', 'c', new ReadsElsewhere(), /holds the record of key/],
    ['bytes of another place in scans', 'e', new ReadsElsewhere(), /holds the record of key|unwritten/],
    ['zeros where a page was lost', 'c', new ForgetsPages(), /unwritten/],
    ['changes that were refused and took effect', 'counter', new FailsChanges(20, 'overloaded', () => true), /increments/],
    ['changes that were refused and took effect', 'a', new FailsChanges(20, 'overloaded', () => true), /refused|never written/],
    ['changes that were refused and took effect', 'transfer', new FailsChanges(20, 'overloaded', () => true), /had begun|equal|lost/],
  ] as const)('%s (workload %s)', async (_, workload, memory, message) => {
    const { verification } = await run(workload, memory);
    expect(verification.ok).toBe(false);
    expect(verification.wrong).toBeGreaterThan(0);
    expect(verification.failures.join('\n')).toMatch(message);
    expect(verification.failures.length).toBeLessThanOrEqual(10);
  });

  test('money that vanishes in the last move, in its account and in the total', async () => {
    const { verification } = await run('transfer', new DropsExchange(4), { operations: 4, clients: 1, depth: 1 });
    expect(verification.failures.join('\n')).toMatch(/a stale read or a lost update/);
    expect(verification.failures.join('\n')).toMatch(/the accounts hold 63,?\d+ and 0 is in hand, which should make 64000/);
  });

  test('a dropped last write that no operation read again, by reading everything at the end', async () => {
    const { verification } = await run('a', new DropsWrites(), { records: 4000, operations: 400, distribution: 'uniform' });
    expect(verification.failures.join('\n')).toMatch(/final check/);
  });
});

describe('failures that partial failure explains', () => {
  const alternating = (failure: number): boolean => failure % 2 === 0;

  test.each(['a', 'd', 'f', 'counter', 'transfer'] as const)(
    'outcome-unknown leaves both outcomes open in workload %s',
    async (workload) => {
      const report = await run(workload, new FailsChanges(25, 'outcome-unknown', alternating));
      expect(report.verification).toMatchObject({ ok: true, wrong: 0 });
      expect(report.errors['outcome-unknown']).toBeGreaterThan(0);
      expect(report.latencyUs.failed?.count).toBe(report.errors['outcome-unknown']);
    },
  );

  test.each(['a', 'counter', 'transfer'] as const)('overloaded changes nothing in workload %s', async (workload) => {
    const report = await run(workload, new FailsChanges(25, 'overloaded', () => false));
    expect(report.verification).toMatchObject({ ok: true, wrong: 0 });
    expect(report.verification.summary).not.toContain('unknown');
  });

  test('a node that shuts down in good order does not end the run', async () => {
    const report = await run('counter', new FailsChanges(25, 'closed', alternating));
    expect(report.verification).toMatchObject({ ok: true, wrong: 0 });
    expect(report.errors.closed).toBeGreaterThan(0);
  });

  test('the counter summary states the bounds when outcomes are unknown', async () => {
    const report = await run('counter', new FailsChanges(25, 'outcome-unknown', alternating));
    expect(report.verification.summary).toContain(`(and ${report.errors['outcome-unknown']} of unknown outcome)`);
  });

  test.each(['a', 'c', 'd', 'e', 'f', 'counter', 'transfer', 'scan'] as const)(
    'a lost page is set aside in workload %s',
    async (workload) => {
      const report = await run(workload, new LosesPage(600), { operations: 1000 });
      expect(report.verification).toMatchObject({ ok: true, wrong: 0 });
      expect(report.errors['page-lost']).toBeGreaterThan(0);
      expect(report.setAside).toBeGreaterThan(0);
    },
  );
});
