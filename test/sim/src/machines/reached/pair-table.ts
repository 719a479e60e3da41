import { alignedTable, type Cell } from '../transitions/transition-table.js';
import { pairName, type Tally } from './tally.js';
import type { Unreachable } from './unreachable.js';

/** One machine's pairs: what its transition table says of each, and how often random runs and scenarios came to it. */
export interface Pairs {
  readonly cells: readonly Cell[];
  readonly unreachable: readonly Unreachable[];
  readonly random: Tally;
  readonly scenarios: Tally;
}

/** What became of one pair. */
export type Reach =
  | { readonly kind: 'random'; readonly count: number }
  | { readonly kind: 'scenario' }
  /** The machine refuses it, or says that it has no effect. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'explained'; readonly by: Unreachable }
  | { readonly kind: 'open' };

export function reachOf({ unreachable, random, scenarios }: Pairs, { input, state, verdict }: Cell): Reach {
  const count = random.of(input, state);
  if (count > 0) return { kind: 'random', count };
  if (scenarios.of(input, state) > 0) return { kind: 'scenario' };
  if (!isLegal(verdict)) return { kind: 'refused' };
  const by = unreachable.find(({ inputs, states }) => inputs.includes(input) && (states === undefined || states.includes(state)));
  return by === undefined ? { kind: 'open' } : { kind: 'explained', by };
}

/** True for a pair on which the machine acts. */
export const isLegal = (verdict: Cell['verdict']): boolean => verdict === 'handled' || verdict === 'quiet';

/** Legal pairs that nothing reaches and nobody explains. */
export const openPairs = (pairs: Pairs): string[] =>
  pairs.cells.filter((cell) => reachOf(pairs, cell).kind === 'open').map(({ input, state }) => pairName(input, state));

/** Pairs that the machine rejects, and that were reached all the same: either is wrong. */
export const forbiddenPairs = ({ cells, random }: Pairs): string[] =>
  cells
    .filter(({ input, state, verdict }) => (verdict === 'rejected' || verdict === 'driver-bug') && random.of(input, state) > 0)
    .map(({ input, state }) => pairName(input, state));

/** Pairs that were reached, and of which the transition table knows nothing. */
export function unknownPairs({ cells, random, scenarios }: Pairs): string[] {
  const known = new Set(cells.map(({ input, state }) => pairName(input, state)));
  return [...random.pairs(), ...scenarios.pairs()].filter((pair) => !known.has(pair));
}

/** Explanations of which nothing is left to explain. */
export const idleExplanations = (pairs: Pairs): string[] => {
  const used = new Set(pairs.cells.map((cell) => reachOf(pairs, cell)).map((reach) => (reach.kind === 'explained' ? reach.by : undefined)));
  return pairs.unreachable.filter((explanation) => !used.has(explanation)).map(({ why }) => why);
};

/** How many legal pairs there are, and how many were reached how. */
export function summary(pairs: Pairs): string {
  const legal = pairs.cells.filter(({ verdict }) => isLegal(verdict)).map((cell) => reachOf(pairs, cell).kind);
  const having = (kind: Reach['kind']): number => legal.filter((one) => one === kind).length;
  const { length: refused } = pairs.cells.filter(({ verdict }) => !isLegal(verdict));
  return [
    `${legal.length} pairs on which the machine acts: random runs reach ${having('random')}, only scenarios reach ${having('scenario')},`,
    `and ${having('explained')} cannot come about. It refuses or ignores the other ${refused}.`,
  ].join('\n');
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Inputs down, states across: counts, and why there is none. */
export function pairTable(pairs: Pairs): string {
  const states = [...new Set(pairs.cells.map(({ state }) => state))];
  const inputs = [...new Set(pairs.cells.map(({ input }) => input))];
  const byPair = new Map(pairs.cells.map((cell) => [pairName(cell.input, cell.state), cell]));
  const letter = (by: Unreachable): string => LETTERS.charAt(pairs.unreachable.indexOf(by));
  const show = (input: string, state: string): string => {
    const cell = byPair.get(pairName(input, state));
    return cell === undefined ? '' : showReach(reachOf(pairs, cell), cell, letter);
  };
  const rows = inputs.map((input) => [input, ...states.map((state) => show(input, state))]);
  const notes = pairs.unreachable.map((by) => `- (${letter(by)}) ${by.why}`);
  return [summary(pairs), '', alignedTable(['input', ...states], rows), '', ...notes].join('\n');
}

function showReach(reach: Reach, { verdict }: Cell, letter: (by: Unreachable) => string): string {
  switch (reach.kind) {
    case 'random':
      return `${reach.count}`;
    case 'scenario':
      return 'scenario';
    case 'refused':
      return verdict;
    case 'explained':
      return `(${letter(reach.by)})`;
    case 'open':
      return '**open**';
  }
}
