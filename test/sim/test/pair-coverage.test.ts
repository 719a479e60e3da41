import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { answerPairs, answersOf, answersOfScenarios, answerTable } from '../src/machines/reached/answer-coverage.js';
import { coverageOf, coverageOfScenarios } from '../src/machines/reached/pair-coverage.js';
import { forbiddenPairs, idleExplanations, openPairs, type Pairs, pairTable, unknownPairs } from '../src/machines/reached/pair-table.js';
import { agentUnreachable, homeUnreachable } from '../src/machines/reached/unreachable.js';
import { agentCells } from '../src/machines/transitions/agent-transitions.js';
import { homeCells } from '../src/machines/transitions/home-transitions.js';

/** Writes the tables into the document, for a change that is meant. Read the difference. */
const UPDATE = process.env['PAGEWIRE_UPDATE_SCENARIOS'] === '1';
const document = new URL('../../../docs/pair-coverage.md', import.meta.url);
const folder = new URL('../../scenarios/', import.meta.url);
// Fixed, whatever other tests are told to play: the document holds what comes of them.
const SEEDS = { firstSeed: 1, seeds: 3000 };

const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
const random = coverageOf(SEEDS);
const scenarios = coverageOfScenarios(texts);
const answers = { random: answersOf(SEEDS), scenarios: answersOfScenarios(texts) };

const agent: Pairs = { cells: agentCells, unreachable: agentUnreachable, random: random.agent, scenarios: scenarios.agent };
const home: Pairs = { cells: homeCells, unreachable: homeUnreachable, random: random.home, scenarios: scenarios.home };

/** What stands in the document between the markers of each table. */
const sections: Readonly<Record<string, string>> = {
  'pair-coverage-agent': pairTable(agent),
  'pair-coverage-home': pairTable(home),
  'pair-coverage-table': answerTable(answers.random, answers.scenarios),
};
const sectionText = (name: string): string => `<!-- ${name} -->\n\n${sections[name]}\n\n<!-- /${name} -->`;
const sectionPattern = (name: string): RegExp => new RegExp(`<!-- ${name} -->[^]*<!-- /${name} -->`);

if (UPDATE) {
  let text = readFileSync(document, 'utf8');
  for (const name of Object.keys(sections)) text = text.replace(sectionPattern(name), () => sectionText(name));
  writeFileSync(document, text);
}

describe.each([
  { machine: 'agent', pairs: agent },
  { machine: 'home', pairs: home },
])('every pair of an input and a state of the $machine', ({ pairs }) => {
  test('on which it acts is reached by a random run or a scenario, or it is said why it cannot come about', () => {
    expect(openPairs(pairs)).toEqual([]);
  });

  test('that it rejects is reached by no random run', () => {
    expect(forbiddenPairs(pairs)).toEqual([]);
  });

  test('that was reached has a cell in its transition table', () => {
    expect(unknownPairs(pairs)).toEqual([]);
  });

  test('is explained only where it needs to be', () => {
    expect(idleExplanations(pairs)).toEqual([]);
  });
});

test('every answer of the table of synchronization that may come of an input does, and no other', () => {
  expect([...new Set([...answers.random.pairs(), ...answers.scenarios.pairs()])].sort()).toEqual(answerPairs().sort());
});

test.each(Object.keys(sections))('docs/pair-coverage.md holds the table %s as these seeds and scenarios make it', (name) => {
  const [found] = sectionPattern(name).exec(readFileSync(document, 'utf8')) ?? [];
  expect(found).toBe(sectionText(name));
});

test('docs/pair-coverage.md names the seeds', () => {
  expect(readFileSync(document, 'utf8')).toContain(`seeds ${SEEDS.firstSeed} to ${SEEDS.firstSeed + SEEDS.seeds - 1}`);
});
