import { InvariantError, type PageMessageKind } from '@pagewire/protocol';

/** What one input did to a machine in one state. */
export interface Outcome {
  readonly before: string;
  readonly after: string;
  /** Kinds of the effects, in order. */
  readonly effects: readonly string[];
  readonly thrown?: unknown;
}

export type Verdict = 'handled' | 'quiet' | 'ignored' | 'rejected' | 'driver-bug';

export interface Cell {
  readonly input: string;
  readonly state: string;
  readonly verdict: Verdict;
  readonly outcome: Outcome;
}

/** Every kind of message that machines exchange; the compiler holds the list against the union. */
const kinds: Record<PageMessageKind | 'node-lost', true> = {
  acquire: true,
  grant: true,
  supply: true,
  downgrade: true,
  transfer: true,
  invalidate: true,
  page: true,
  invalidated: true,
  downgraded: true,
  acquired: true,
  settled: true,
  release: true,
  released: true,
  refused: true,
  query: true,
  report: true,
  'node-lost': true,
};
// The keys of a record are those of its type: it was written out above.
export const messageKinds = Object.keys(kinds) as (keyof typeof kinds)[];

/** Runs `act` and says what came of it. A thrown error is an outcome too. */
export function observe(state: () => string, act: () => readonly { readonly kind: string }[]): Outcome {
  const before = state();
  try {
    const effects = act().map(({ kind }) => kind);
    return { before, after: state(), effects };
  } catch (thrown) {
    return { before, after: state(), effects: [], thrown };
  }
}

/** Any error but `InvariantError` is none of the five, and stops the test. */
export function judge({ before, after, effects, thrown }: Outcome): Verdict {
  if (thrown instanceof InvariantError) return 'driver-bug';
  if (thrown !== undefined) throw thrown;
  if (effects.includes('violation')) return 'rejected';
  if (effects.length === 0 && before === after) return 'quiet';
  return effects.length > 0 && effects.every((kind) => kind === 'ignored') ? 'ignored' : 'handled';
}

const show = ({ verdict, outcome }: Cell): string =>
  outcome.before === outcome.after ? verdict : `${verdict === 'handled' ? '' : `${verdict} `}→ ${outcome.after}`;

/** Inputs down, states across. */
export function markdownTable(cells: readonly Cell[]): string {
  const states = [...new Set(cells.map(({ state }) => state))];
  const inputs = [...new Set(cells.map(({ input }) => input))];
  const byPair = new Map(cells.map((cell) => [`${cell.input}/${cell.state}`, cell]));
  const rows = inputs.map((input) => [
    input,
    ...states.map((state) => {
      const cell = byPair.get(`${input}/${state}`);
      return cell === undefined ? 'missing' : show(cell);
    }),
  ]);
  return alignedTable(['input', ...states], rows);
}

/** A Markdown table with its columns padded, as the formatter of this repository wants it. */
export function alignedTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
