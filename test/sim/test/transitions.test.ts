import { readFileSync, writeFileSync } from 'node:fs';
import { type AgentInput, type HomeInput, homeStateKinds, pageStateKinds } from '@pagewire/protocol';
import { describe, expect, test } from 'vitest';
import { agentCells, agentInputsCovered, agentQuietly, agentStatesCovered } from '../src/machines/transitions/agent-transitions.js';
import { homeCells, homeInputsCovered, homeQuietly, homeStatesCovered } from '../src/machines/transitions/home-transitions.js';
import { type Cell, markdownTable, messageKinds, type Verdict } from '../src/machines/transitions/transition-table.js';

/** Writes the tables into the document, for a change that is meant. Read the difference. */
const UPDATE = process.env['PAGEWIRE_UPDATE_SCENARIOS'] === '1';
const document = new URL('../../../docs/protocol.md', import.meta.url);

const agentInputKinds: Record<Exclude<AgentInput['kind'], 'message'>, true> = {
  fault: true,
  pin: true,
  unpin: true,
  evict: true,
  'region-opened': true,
  'region-deleted': true,
  tick: true,
};
const homeInputKinds: Record<Exclude<HomeInput['kind'], 'message'>, true> = {
  'member-joined': true,
  'member-lost': true,
  'region-created': true,
  'region-deleted': true,
  trim: true,
  tick: true,
};

const from = (sender: string, kinds: readonly string[]): string[] => kinds.map((kind) => `${sender} ${kind}`);
const having = (cells: readonly Cell[], verdict: Verdict): Cell[] => cells.filter((cell) => cell.verdict === verdict);
const inputsOf = (cells: readonly Cell[]): string[] => [...new Set(cells.map(({ input }) => input))];

const machines = [
  {
    machine: 'agent',
    cells: agentCells,
    quietly: agentQuietly,
    covered: agentInputsCovered,
    all: [...from('driver', Object.keys(agentInputKinds)), ...from('home', messageKinds), ...from('agent', messageKinds)],
    states: new Set<string>(agentStatesCovered),
    kinds: new Set<string>(pageStateKinds),
    driverBugs: ['pin, readonly', 'pin, exclusive', 'unpin, readonly', 'unpin, exclusive'],
  },
  {
    machine: 'home',
    cells: homeCells,
    quietly: homeQuietly,
    covered: homeInputsCovered,
    all: [...from('driver', Object.keys(homeInputKinds)), ...from('agent', messageKinds)],
    states: new Set<string>(homeStatesCovered),
    kinds: new Set<string>(homeStateKinds),
    driverBugs: [],
  },
];

/** What stands in the document between a machine's markers. */
function section({ machine, cells, quietly }: (typeof machines)[number]): string {
  const reasons = inputsOf(having(cells, 'quiet')).map((input) => `- ${input}: ${quietly[input]}`);
  return [`<!-- ${machine}-table -->`, markdownTable(cells), '', 'Quiet means:', '', ...reasons, `<!-- /${machine}-table -->`].join('\n');
}

function sectionPattern(machine: string): RegExp {
  return new RegExp(`<!-- ${machine}-table -->[^]*<!-- /${machine}-table -->`);
}

if (UPDATE) {
  let text = readFileSync(document, 'utf8');
  for (const machine of machines) text = text.replace(sectionPattern(machine.machine), () => section(machine));
  writeFileSync(document, text);
}

describe.each(machines)(
  'every input in every state of the $machine',
  ({ machine, cells, quietly, covered, all, states, kinds, driverBugs }) => {
    test('is played: no state and no kind of input is left out', () => {
      expect(states).toEqual(kinds);
      expect([...covered].sort()).toEqual([...all].sort());
      expect(cells.length).toBe(inputsOf(cells).length * new Set(cells.map(({ state }) => state)).size);
    });

    test('throws only where the driver itself is wrong', () => {
      expect(inputsOf(having(cells, 'driver-bug')).sort()).toEqual([...driverBugs].sort());
    });

    test('passes without a trace only for a reason that is written down', () => {
      expect(inputsOf(having(cells, 'quiet')).sort()).toEqual(Object.keys(quietly).sort());
    });

    test('leaves the state alone when it is rejected or ignored', () => {
      const refused = [...having(cells, 'rejected'), ...having(cells, 'ignored'), ...having(cells, 'driver-bug')];
      expect(refused.filter(({ outcome }) => outcome.before !== outcome.after)).toEqual([]);
    });

    test('does what docs/protocol.md says', () => {
      const [found] = sectionPattern(machine).exec(readFileSync(document, 'utf8')) ?? [];
      expect(found).toBe(section({ machine, cells, quietly, covered, all, states, kinds, driverBugs }));
    });
  },
);
