import { describe, expect, test } from 'vitest';
import { allMutants } from '../src/all-mutants.js';
import type { Mutant } from '../src/mutant.js';
import { parseOptions } from '../src/options.js';
import { baselineSummary, columns, layerMatrix, progressLine, resultTable, summary } from '../src/table.js';
import type { MutantResult } from '../src/trial.js';

describe('the arguments', () => {
  test('mean every mutant and every layer when there are none', () => {
    const { mutants, layers, everyLayer } = parseOptions([]);
    expect(mutants).toBe(allMutants);
    expect(layers).toContain('simulation');
    expect(everyLayer).toBe(false);
  });

  test('may name mutants and layers', () => {
    const options = parseOptions(['--only', 'grant-before-the-acks,lock-granted-twice', '--layer', 'unit,machines']);
    expect(options.mutants.map(({ name }) => name)).toEqual(['grant-before-the-acks', 'lock-granted-twice']);
    expect(options.layers).toEqual(['unit', 'machines']);
  });

  test('may ask for the quick subset, by quick layers', () => {
    const { mutants, layers } = parseOptions(['--quick']);
    expect(mutants.length).toBeLessThan(16);
    expect(layers).not.toContain('simulation');
  });

  test.each([
    [['--only', 'no-such-bug'], /there is no mutant "no-such-bug"/],
    [['--layer', 'luck'], /--layer knows .*, not "luck"/],
    [['--jobs', '0'], /--jobs takes a number of 1 or more/],
    [['--quik'], /--quik/],
  ])('that make no sense are refused in words: %j', (args, words) => {
    expect(() => parseOptions(args)).toThrow(words);
  });
});

const bug = (name: string): Mutant => ({ name, breaks: `breaks ${name}`, file: 'a.ts', find: 'a', replace: 'b' });
const results: MutantResult[] = [
  {
    mutant: bug('found'),
    outcome: 'killed',
    trials: [{ layer: 'unit', verdict: { kind: 'failed', by: 'pager: a claim' }, seconds: 1.25 }],
  },
  { mutant: bug('missed'), outcome: 'survived', trials: [{ layer: 'unit', verdict: { kind: 'passed' }, seconds: 2 }] },
  {
    mutant: bug('elsewhere'),
    outcome: 'skipped',
    trials: [{ layer: 'mapped', verdict: { kind: 'skipped', why: 'no kernel' }, seconds: 0 }],
  },
];

test('the last line tells how many were killed, and names the others', () => {
  expect(summary(results)).toBe('1 of 2 killed; survived: missed; 1 skipped: elsewhere');
  expect(summary(results.slice(0, 1))).toBe('1 of 1 killed');
});

test('the table tells what each breaks, what found it, and how long that took', () => {
  expect(resultTable(results).split('\n')).toEqual([
    'mutant               seconds  what it breaks, and what finds it',
    'found      killed    1.3      breaks found',
    '                              ↳ unit: pager: a claim',
    'missed     survived  2.0      breaks missed',
    '                              ↳ not found by unit',
    'elsewhere  skipped   0.0      breaks elsewhere',
    '                              ↳ no kernel',
  ]);
});

test('a mutant that is done with is told of in one line: what found it, or what every layer says', () => {
  const lines = (everyLayer: boolean): string[] => results.slice(0, 2).map((result) => progressLine(result, everyLayer));
  expect(lines(false)).toEqual(['killed found (1.3 s) unit: pager: a claim', 'survived missed (2.0 s) not found by unit']);
  expect(lines(true)).toEqual(['killed found (1.3 s) unit X', 'survived missed (2.0 s) unit -']);
});

test('the matrix tells which layer finds which mutant', () => {
  expect(layerMatrix(results, ['mapped', 'unit'])).toBe(
    columns([
      ['mutant', 'unit', 'mapped'],
      ['found', 'X 1.3', ''],
      ['missed', '- 2.0', ''],
      ['elsewhere', '', 'skipped 0.0'],
    ]),
  );
});

test('what the layers made of the sources as they are is told by layer, and a run that failed by itself', () => {
  const passed = { layer: 'unit', verdict: { kind: 'passed' }, seconds: 1.5 } as const;
  const machines = { ...passed, layer: 'machines' } as const;
  expect(baselineSummary([passed, machines, passed])).toBe('unit passes 2 runs (3.0 s), machines passes (1.5 s)');
  const failed = { ...machines, verdict: { kind: 'failed', by: 'seed 3: I1' } } as const;
  expect(baselineSummary([passed, failed])).toMatch(/^machines fails \(1\.5 s\): seed 3: I1: what fails without a bug says nothing/);
});
