import { expect, test } from 'vitest';
import { formatReport, type LoadReport } from '../src/index.js';

const report: LoadReport = {
  workload: 'a',
  regionName: 'load-a',
  targets: ['ws://127.0.0.1:7071'],
  transport: 'ws',
  clients: 8,
  depth: 2,
  records: 10_000,
  recordBytes: 1024,
  distribution: 'zipfian',
  seed: 7,
  rate: 5000,
  loadMs: 120,
  durationMs: 10_000,
  verifyMs: 300,
  operations: 45_678,
  opsPerSecond: 4567.8,
  behind: 12,
  unfinished: 0,
  errors: { timeout: 3, 'page-lost': 1200 },
  latencyUs: {
    read: { count: 22_840, mean: 131, p50: 120, p90: 190, p99: 1234, p999: 25_600, max: 1_250_000 },
    update: { count: 22_838, mean: 99, p50: 98, p90: 99, p99: 100, p999: 101, max: 102 },
  },
  bytesRead: 22_840 * 1024,
  bytesWritten: 22_838 * 1024,
  setAside: 4,
  aborted: true,
  verification: { ok: false, checks: 32_840, wrong: 1, failures: ['key 7: torn'], summary: '32,840 records checked; 1 wrong' },
  notes: ['one thing'],
};

test('a report for people is one aligned table with its conditions, its troubles and its verdict', () => {
  expect(formatReport(report)).toBe(
    `YCSB a: 8 clients × 2 in flight over ws, 10,000 records of 1,024 bytes, zipfian, seed 7
4,568 ops/s of 5,000 intended (45,678 in 10.0 s), 2.2 MiB/s read, 2.2 MiB/s written

operation   count    mean     p50     p90      p99    p99.9     max
read       22,840  131 µs  120 µs  190 µs  1.23 ms  25.6 ms  1.25 s
update     22,838   99 µs   98 µs   99 µs   100 µs   101 µs  102 µs

stopped before its end
errors: timeout 3, page-lost 1,200
behind schedule: 12 operations were due and never started
set aside: 4 records on lost pages
note: one thing
verification FAILED: 32,840 records checked; 1 wrong
  key 7: torn`,
  );
});

test('a run without operations still has a report', () => {
  const empty = { ...report, durationMs: 0, operations: 0, opsPerSecond: 0, bytesRead: 0, bytesWritten: 0, latencyUs: {} };
  expect(formatReport(empty)).toContain('0 ops/s of 5,000 intended (0 in 0.0 s), 0.0 MiB/s read');
});
