import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Judgement, layoutsOf, Oracle, parseTests, programOf, runProgram } from '../src/index.js';
import type { Program } from '../src/program.js';
import type { IterationPlan, LitmusTarget, Observation } from '../src/target.js';
import { MachineRun } from '../src/targets/machine-run.js';
import { ProcessSimulation } from '../src/targets/process-simulation.js';

const tests = parseTests(readFileSync(new URL('../tests/litmus.json', import.meta.url), 'utf8'));
const standingNodes = 5;

function targetOf(run: (program: Program, plans: readonly IterationPlan[]) => Promise<readonly Observation[]>): LitmusTarget {
  return { name: 'part of the simulation', standingNodes, crashShare: 1, batchSize: () => 40, run, [Symbol.asyncDispose]: async () => {} };
}
const machines = targetOf(async (program, plans) =>
  plans.map((plan) => ({ outcome: new MachineRun(program, plan, standingNodes).play() })),
);
const simulated = new ProcessSimulation(standingNodes);
const processes = targetOf((program, plans) => simulated.run(program, plans));

async function run(target: LitmusTarget, name: string, layout: 'own-pages' | 'one-page', iterations: number): Promise<Judgement> {
  const test = tests.find((each) => each.name === name);
  const [found] = test === undefined ? [] : layoutsOf(test, layout);
  if (test === undefined || found === undefined) throw new Error(`there is no test ${name}`);
  return await runProgram(target, new Oracle(programOf(test, found)), { iterations, seed: 1 });
}

describe.each([
  ['on the machines alone', machines, 400],
  ['on simulated processes', processes, 80],
] as const)('a litmus test %s', (_, target, iterations) => {
  it.each([
    ['SB', 'own-pages', 3],
    ['SB', 'one-page', 3],
    ['WRC', 'own-pages', 7],
    ['CAS-both-win', 'own-pages', 2],
  ] as const)('races: all outcomes of %s (%s) are seen, and no others', async (name, layout, seen) => {
    expect(await run(target, name, layout, iterations)).toMatchObject({ verdict: 'ok', seen, forbidden: 0, notAllowed: 0, spoiled: 0 });
  });

  it.each([
    ['CRASH-CoRR', 'own-pages'],
    ['CRASH-MP', 'one-page'],
    ['CRASH-INC', 'own-pages'],
  ] as const)('kills nodes in %s (%s): pages are lost, and nothing that was seen is undone', async (name, layout) => {
    const judgement = await run(target, name, layout, iterations);
    expect(judgement).toMatchObject({ verdict: 'ok', forbidden: 0, notAllowed: 0, spoiled: 0 });
    expect(judgement.outcomes.map(({ kind }) => kind)).toContain('page-lost');
  });
});
