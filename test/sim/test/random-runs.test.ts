import { describe, expect, test } from 'vitest';
import type { Layer } from '../src/layer.js';
import { coherenceLayer } from '../src/machines/coherence/layer.js';
import { synchronizationLayer } from '../src/machines/synchronization/layer.js';
import { failureText, playSeeds } from './play-seeds.js';

const FIRST_SEED = Number(process.env['PAGEWIRE_FIRST_SEED'] ?? 1);
const SEEDS = Number(process.env['PAGEWIRE_SEEDS'] ?? 1000);
const REPLAY = 'PAGEWIRE_FIRST_SEED=N PAGEWIRE_SEEDS=1 replays one';

const layers: readonly { readonly layer: Layer; readonly keeps: string; readonly happens: readonly string[] }[] = [
  {
    layer: coherenceLayer,
    keeps: 'keep I1 to I8, rules 5 to 7, and end',
    happens: [
      'reads',
      'writes',
      'updates',
      'prefetches',
      'pins',
      'late',
      'crashes',
      'crashesInStep',
      'isolations',
      'pauses',
      'leaves',
      'rejoins',
      'undone',
      'regionsDeleted',
      'lostPages',
    ],
  },
  {
    layer: synchronizationLayer,
    keeps: 'lose no wake-up, share no lock, and end',
    happens: ['woken', 'changed', 'expired', 'crashes', 'left', 'obtained', 'abandoned', 'passed', 'broken', 'rejoins', 'regionsDeleted'],
  },
];

describe.each(layers)('random runs of machines: $layer.name', ({ layer, keeps, happens }) => {
  test(`seeds ${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1} ${keeps} (${REPLAY})`, async () => {
    const { counts, failed } = await playSeeds(layer, FIRST_SEED, SEEDS);
    expect(failed && (await failureText(layer, failed))).toBeUndefined();
    for (const what of happens)
      expect(counts).toMatchObject({ [what]: expect.toSatisfy((count: number) => count >= Math.floor(SEEDS / 100)) });
  }, 120_000);

  test('a seed replays bit for bit', async () => {
    const [first, again] = [await layer.play(7, { trace: true }), await layer.play(7, { trace: true })];
    expect(first.trace.length).toBeGreaterThan(100);
    expect(again).toEqual(first);
  });

  test('a run tells the same story whether or not somebody listens', async () => {
    const { trace: _, ...told } = await layer.play(11, { trace: true });
    const { trace, ...untold } = await layer.play(11);
    expect(trace).toEqual([]);
    expect(untold).toEqual(told);
  });

  test('a step that is left out changes no draw of the others', async () => {
    const steps = layer.parts(5);
    const all = await layer.play(5, { trace: true });
    const cut = await layer.play(5, { trace: true, without: new Set([steps - 1]) });
    const upToTheEnd = (trace: readonly string[]): readonly string[] =>
      trace.slice(
        0,
        trace.findIndex((line) => line.startsWith('finish')),
      );
    const before = upToTheEnd(cut.trace);
    expect(before.length).toBeGreaterThan(100);
    expect(upToTheEnd(all.trace).slice(0, before.length)).toEqual(before);
  });

  test('a run without any step has nothing but its beginning and its end', async () => {
    const without = new Set(Array.from({ length: layer.parts(3) }, (_, step) => step));
    const { failure, trace } = await layer.play(3, { trace: true, without });
    expect(failure).toBeUndefined();
    expect(trace.filter((line) => line.startsWith('#'))).toEqual([]);
  });
});
