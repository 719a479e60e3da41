import { describe, expect, test } from 'vitest';
import { SyncRun } from './world/sync-run.js';

const FIRST_SEED = Number(process.env['PAGEWIRE_FIRST_SEED'] ?? 1);
const SEEDS = Number(process.env['PAGEWIRE_SEEDS'] ?? 4000);

describe('random runs of locks, semaphores, barriers and waits under every kind of death', () => {
  test(`seeds ${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1} lose no wake-up, share no lock, and end (replay: PAGEWIRE_FIRST_SEED=N PAGEWIRE_SEEDS=1)`, () => {
    const total: Record<string, number> = {};
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
      for (const [what, count] of Object.entries(new SyncRun(seed, 250).run())) total[what] = (total[what] ?? 0) + count;
    }
    for (const what of ['woken', 'changed', 'expired', 'crashes', 'left', 'obtained', 'abandoned', 'passed', 'broken']) {
      expect(total).toMatchObject({ [what]: expect.toSatisfy((count: number) => count > SEEDS / 100) });
    }
  }, 120_000);

  test('a seed replays bit for bit', () => {
    const runs = [new SyncRun(7, 300), new SyncRun(7, 300)];
    for (const run of runs) run.run();
    expect(runs[0]?.log).toEqual(runs[1]?.log);
  });
});
