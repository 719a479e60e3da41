import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatScenarios, parseScenarios, type Scenario } from '../src/machines/scenario-file.js';
import { ScenarioPlayer } from '../src/machines/scenario-player.js';

/** Rewrites what the scenarios expect by what the machines do. They are the specification: read every line of the difference. */
const UPDATE = process.env['PAGEWIRE_UPDATE_SCENARIOS'] === '1';
const folder = new URL('../../scenarios/', import.meta.url);

function playLine(player: ScenarioPlayer, { claim }: Scenario, line: string): readonly string[] {
  try {
    return player.play(line);
  } catch (cause) {
    throw new Error(`"${claim}" broke at: ${line}`, { cause });
  }
}

/** The scenario as the machines play it. */
function play(scenario: Scenario): Scenario {
  const player = new ScenarioPlayer();
  const blocks = scenario.blocks.map(({ inputs }) => ({ inputs, expected: inputs.flatMap((line) => playLine(player, scenario, line)) }));
  return { ...scenario, blocks };
}

const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));
for (const name of files) {
  const file = new URL(name, folder);
  if (UPDATE) writeFileSync(file, formatScenarios(parseScenarios(readFileSync(file, 'utf8')).map(play)));
  describe(name.replace('.txt', ''), () => {
    for (const scenario of parseScenarios(readFileSync(file, 'utf8'))) {
      test(scenario.claim, () => {
        expect(formatScenarios([play(scenario)])).toBe(formatScenarios([scenario]));
      });
    }
  });
}

test('no two scenarios make the same claim, and every file has some', () => {
  const claims = files.map((name) => parseScenarios(readFileSync(new URL(name, folder), 'utf8')).map(({ claim }) => claim));
  expect(claims.map(({ length }) => length)).not.toContain(0);
  expect(new Set(claims.flat()).size).toBe(claims.flat().length);
});
