import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exampleNamed } from '../../examples/src/catalogue.js';
import type { Outcome } from '../../examples/src/outcome.js';
import { compileSieve } from '../../examples/src/wasm/sieve-module.js';
import { type TestTeamOptions, turnTakingTeam } from './examples-team.js';

interface Program {
  readonly example: string;
  readonly settings: Readonly<Record<string, number>>;
}

/** Small, and not divisible by the sizes of the teams. */
const programs: readonly Program[] = [
  { example: 'sor', settings: { size: 46, iterations: 25 } },
  { example: 'kmeans', settings: { points: 5000, clusters: 4, rounds: 6 } },
  { example: 'pagerank', settings: { iterations: 21 } },
  { example: 'wordcount', settings: { pieces: 5, slots: 8192 } },
  { example: 'matmul', settings: { size: 70 } },
  { example: 'wasm', settings: { limit: 700_001 } },
];

async function outcomeOf({ example, settings }: Program, team: TestTeamOptions, repetitions = 2): Promise<Outcome> {
  const job = { example, settings, repetitions, colours: false };
  const outcomes = await Promise.all(turnTakingTeam(team).map((member) => exampleNamed(example).run(member, job)));
  const [first, ...others] = outcomes;
  expect(others.every((outcome) => outcome === undefined)).toBe(true);
  if (first === undefined) throw new Error('member 0 has the outcome');
  return first;
}

describe.each(programs)('$example', (program) => {
  it('gives the serial result with 1, 2, 3 and 5 members, in each repetition', async () => {
    const outcomes = await Promise.all([1, 2, 3, 5].map((size) => outcomeOf(program, { size })));
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(outcomes.map(() => ({ ok: true, summary: expect.any(String) })));
  });

  it('shows one result, however many members made it', async () => {
    const [one, four] = await Promise.all([1, 4].map((size) => outcomeOf(program, { size })));
    expect(one?.lines).toEqual(four?.lines);
  });
});

// Not wordcount and wasm: each member takes work from a shared counter, so one with a counter of its own does all of it, and right.
describe.each([
  { example: 'sor', settings: { size: 46, iterations: 25 } },
  { example: 'kmeans', settings: { points: 5000, clusters: 4, rounds: 1 } },
  { example: 'pagerank', settings: { iterations: 21 } },
  { example: 'matmul', settings: { size: 70 } },
])('$example', (program) => {
  it('is found wrong when its members do not share memory', async () => {
    const { verdict } = await outcomeOf(program, { size: 2, shares: false });
    expect(verdict.ok).toBe(false);
  });
});

describe('the sieve', () => {
  it('is compiled from the bytes of its text alone, whatever else their buffer holds', async () => {
    const text = readFileSync(new URL('../../examples/wat/sieve.wat', import.meta.url));
    const larger = Buffer.concat([Buffer.from('not WebAssembly ('), text, Buffer.from(') nor this')]);
    const view = larger.subarray(larger.indexOf(text), larger.indexOf(text) + text.length);
    await expect(compileSieve(view)).resolves.toBeDefined();
  });
});

describe('page traffic', () => {
  const program = { example: 'pagerank', settings: { iterations: 2 } };

  it('is the sum over all members of what each repetition cost, on average', async () => {
    const asked = [0, 0, 0];
    const traffic = (rank: number) => {
      const times = (asked[rank] ?? 0) + 1;
      asked[rank] = times;
      return { readFaults: times * (rank + 1), writeFaults: times * 10, pages: times * 100 };
    };
    const outcome = await outcomeOf(program, { size: 3, traffic }, 4);
    expect(outcome.traffic).toEqual({ readFaults: 1 + 2 + 3, writeFaults: 3 * 10, pages: 3 * 100 });
  });

  it('is absent on plain memory', async () => {
    expect((await outcomeOf(program, { size: 2 })).traffic).toBeUndefined();
  });
});
