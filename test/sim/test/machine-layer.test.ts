import { InvariantError } from '@pagewire/protocol';
import { expect, test } from 'vitest';
import { Draws } from '../src/machines/draws.js';
import { type MachineRun, machineLayer } from '../src/machines/machine-layer.js';
import { RuleBroken } from '../src/machines/rule-broken.js';

/** A layer whose runs do `run` and nothing else. */
const layerThat = (run: () => void) =>
  machineLayer({
    name: 'fake',
    parts: () => 1,
    start: (): MachineRun => ({ run, events: 3, counts: { writes: 2 }, trace: ['#0 write'] }),
  });

test('a run that ends is an outcome without a failure', async () => {
  const outcome = await layerThat(() => {}).play(5);
  expect(outcome).toEqual({ seed: 5, events: 3, counts: { writes: 2 }, failure: undefined, trace: ['#0 write'] });
});

test.each([
  { thrown: new RuleBroken('I1', 'two writers'), kind: 'I1', what: 'I1: two writers' },
  { thrown: new InvariantError('busy twice'), kind: 'InvariantError', what: 'InvariantError: busy twice' },
  { thrown: new TypeError('x is undefined'), kind: 'TypeError', what: 'TypeError: x is undefined' },
])('what a run throws is its failure, of the kind $kind, and what happened so far is kept', async ({ thrown, kind, what }) => {
  const outcome = await layerThat(() => {
    throw thrown;
  }).play(5);
  expect(outcome).toMatchObject({ failure: { kind, what }, events: 3, trace: ['#0 write'] });
});

test('a layer whose runs cannot even start fails with the reason', async () => {
  const layer = machineLayer({
    name: 'fake',
    parts: () => 1,
    start: () => {
      throw new InvariantError('no first step');
    },
  });
  expect(await layer.play(5)).toMatchObject({ failure: { kind: 'InvariantError' }, events: 0 });
});

test('a part draws the same numbers whatever was drawn before', () => {
  const draws = new Draws(7, 1);
  const first = [draws.word(), draws.word()];
  draws.seek(2);
  const other = draws.word();
  draws.seek(1);
  expect([draws.word(), draws.word()]).toEqual(first);
  expect(other).not.toBe(first[0]);
});

test('what is picked stays picked while others come and go', () => {
  const picks = Array.from({ length: 200 }, (_, part) => {
    const pickOf = (items: readonly number[]): number | undefined => new Draws(3, part).pick(items, (item) => item);
    const all = pickOf([1, 2, 3, 4, 5]);
    return { all, fewer: pickOf([5, 3, 1].concat(all ?? [])) };
  });
  for (const { all, fewer } of picks) expect(fewer).toBe(all);
  expect(new Set(picks.map(({ all }) => all))).toEqual(new Set([1, 2, 3, 4, 5]));
});

test('choices come as often as they weigh', () => {
  const draws = new Draws(9, 0);
  const choices = [
    ['often', 3],
    ['seldom', 1],
  ] as const;
  const drawn = Array.from({ length: 4000 }, () => draws.weighted({ choices, total: 4, last: 'seldom' }));
  const often = drawn.filter((choice) => choice === 'often').length;
  expect(often).toBeGreaterThan(2900);
  expect(often).toBeLessThan(3100);
});
