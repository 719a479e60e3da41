import { describe, expect, test } from 'vitest';
import { RandomRun } from './world/random-run.js';

const FIRST_SEED = Number(process.env['PAGEWIRE_FIRST_SEED'] ?? 1);
const SEEDS = Number(process.env['PAGEWIRE_SEEDS'] ?? 1500);

describe('random runs of real machines under every kind of death', () => {
  test(`seeds ${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1} keep I1, I2, I6, I7 and I8 (replay: PAGEWIRE_FIRST_SEED=N PAGEWIRE_SEEDS=1)`, () => {
    const total = { reads: 0, writes: 0, crashes: 0, leaves: 0, lostPages: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
      const report = new RandomRun(seed, 400).run();
      total.reads += report.reads;
      total.writes += report.writes;
      total.crashes += report.crashes;
      total.leaves += report.leaves;
      total.lostPages += report.lostPages;
    }
    expect(total.reads).toBeGreaterThan(0);
    expect(total.writes).toBeGreaterThan(0);
    expect(total.crashes).toBeGreaterThan(0);
    expect(total.leaves).toBeGreaterThan(0);
    expect(total.lostPages).toBeGreaterThan(0);
  }, 120_000);

  test('a seed replays bit for bit', () => {
    const runs = [new RandomRun(7, 300), new RandomRun(7, 300)];
    for (const run of runs) run.run();
    expect(runs[0]?.log).toEqual(runs[1]?.log);
  });
});
