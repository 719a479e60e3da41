import { expect, test } from 'vitest';
import { Draws } from '../src/machines/draws.js';
import { playWithin } from './model/bounded-run.js';
import { modelSchedules, modelTransitions, quickConfigurations } from './model/model-files.js';
import { follow } from './model/scheduled-run.js';

const RUNS_OF_EACH = 400;

test('the real machines follow every run that leads the model through all of its transitions, step by step', () => {
  expect(modelSchedules.map(follow).filter((divergence) => divergence !== undefined)).toEqual([]);
});

test('those runs make every transition that the model can make', () => {
  const made = new Set(modelSchedules.flatMap(({ steps }) => steps.flatMap(({ transitions }) => transitions)));
  expect([...made].sort()).toEqual(modelTransitions);
});

test.each(quickConfigurations)('the real machines make no transition within the bounds of "$name" that the model cannot make', (bounds) => {
  const known = new Set(modelTransitions);
  const unknown = new Set<string>();
  const note = (transition: string): unknown => known.has(transition) || unknown.add(transition);
  for (let seed = 1; seed <= RUNS_OF_EACH; seed += 1) playWithin(bounds, new Draws(seed, 0), note);
  expect([...unknown]).toEqual([]);
});
