import { describe, expect, it } from 'vitest';
import { Judge, type Judgement, type Observation, Oracle, type Value } from '../src/index.js';
import { programFrom } from './program-of.js';

const storeBuffering = programFrom(
  [
    [
      ['W', 'x', 1],
      ['R', 'y'],
    ],
    [
      ['W', 'y', 1],
      ['R', 'x'],
    ],
  ],
  'own-pages',
  { '0.r0': 0, '1.r0': 0 },
);
const crash = programFrom([[['W', 'x', 1], ['CRASH']], [['R', 'x']]]);

function judged(program: typeof storeBuffering, observations: readonly (readonly [number, Observation])[]): Judgement {
  const judge = new Judge(new Oracle(program));
  for (const [times, observation] of observations) for (let time = 0; time < times; time += 1) judge.note(observation);
  return judge.judgement(200);
}
const ended = (...outcome: Value[]): Observation => ({ outcome });
const spoiled: Observation = { spoiled: 'a node was fenced' };

describe('a run', () => {
  it('is well when it has seen two thirds of the allowed outcomes and no other', () => {
    const runs = [
      [100, ended(0, 1, 1, 1)],
      [100, ended(1, 0, 1, 1)],
    ] as const;
    expect(judged(storeBuffering, runs)).toMatchObject({ verdict: 'ok', raced: true, seen: 2, allowed: 3, iterations: 200 });
  });

  it('has not raced when it has seen fewer', () => {
    expect(judged(storeBuffering, [[200, ended(1, 1, 1, 1)]])).toMatchObject({ verdict: 'not-raced', raced: false, seen: 1 });
  });

  it('does not tell whether it raced with fewer than 20 iterations for each allowed outcome', () => {
    expect(judged(storeBuffering, [[59, ended(1, 1, 1, 1)]])).toMatchObject({ verdict: 'ok', raced: undefined });
  });

  it('fails by one forbidden outcome', () => {
    const runs = [
      [200, ended(1, 1, 1, 1)],
      [1, ended(0, 0, 1, 1)],
    ] as const;
    expect(judged(storeBuffering, runs)).toMatchObject({ verdict: 'forbidden', forbidden: 1 });
  });

  it('fails by an outcome that nobody forbade by name and no interleaving has', () => {
    const runs = [
      [200, ended(1, 1, 1, 1)],
      [1, ended(1, 1, 1, 0)],
    ] as const;
    expect(judged(storeBuffering, runs)).toMatchObject({ verdict: 'not-allowed', notAllowed: 1, forbidden: 0 });
  });

  it('fails by a lost page where no node was killed', () => {
    expect(judged(storeBuffering, [[1, ended('lost', 1, 1, 'lost')]])).toMatchObject({ verdict: 'not-allowed' });
  });

  it('fails by one access that failed where no node was killed', () => {
    expect(judged(storeBuffering, [[1, spoiled]])).toMatchObject({ verdict: 'spoiled', spoiledBy: 'a node was fenced' });
  });

  it('in which nodes are killed makes up for as many iterations as were asked for, and need not see most outcomes', () => {
    const lost = [200, ended('lost', 'lost')] as const;
    expect(judged(crash, [lost, [200, spoiled]])).toMatchObject({ verdict: 'ok', raced: undefined, seen: 0, spoiled: 200 });
    expect(judged(crash, [lost, [201, spoiled]])).toMatchObject({ verdict: 'spoiled' });
  });
});
