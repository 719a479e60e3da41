import { documentation } from '../data/documentation.js';
import { defineExample, type Opened, type Serial } from '../example.js';
import type { Verdict } from '../outcome.js';
import { PageLayout } from '../page-layout.js';
import { count } from '../same-bits.js';
import type { Team } from '../team/team.js';
import { slotBytes, WordTable, type WordTableLayout } from './word-table.js';
import { countWords } from './words.js';

interface Plan {
  readonly pieces: readonly string[];
  readonly table: WordTableLayout;
  /** Byte of the counter from which members take pieces. */
  readonly nextOffset: number;
  readonly bytes: number;
}

type Counts = ReadonlyMap<string, number>;

/** Words of the documentation of TypeScript and Node.js, counted into one shared hash table. */
export const wordcount = defineExample({
  name: 'wordcount',
  about: 'words of the declarations of TypeScript and Node.js, in one shared hash table',
  compares: 'speed-up',
  settings: {
    pieces: { about: 'of 32 Ki characters of the text, at most', usual: 100_000, quick: 40 },
    slots: { about: 'of the hash table, a power of two', usual: 65_536, quick: 16_384, most: 2 ** 20 },
  },
  check({ slots }) {
    if ((slots & (slots - 1)) !== 0) throw new RangeError(`--slots is a power of two, not ${slots}`);
  },
  async prepare({ pieces, slots }, members): Promise<Plan> {
    const layout = new PageLayout();
    const nextOffset = layout.take(4);
    const slotsOffset = layout.take(slotBytes(slots));
    // Twice what English words need, if one member were to find all of them first.
    const arenaBytes = slots * 16;
    const arenaOffsets = Array.from({ length: members }, () => layout.take(arenaBytes));
    return { pieces: documentation(pieces), table: { slots, slotsOffset, arenaOffsets, arenaBytes }, nextOffset, bytes: layout.bytes };
  },
  serial({ pieces }): Serial<Counts> {
    const counts = new Map<string, number>();
    return {
      compute() {
        for (const piece of pieces) countWords(piece, counts);
      },
      collect: () => counts,
    };
  },
  async open(plan, team): Promise<Opened<Counts>> {
    const buffer = await team.share('words', plan.bytes);
    const table = new WordTable(buffer, plan.table, team.rank);
    const next = new Int32Array(buffer, plan.nextOffset, 1);
    return {
      place() {
        table.clear(team.size);
        if (team.rank === 0) Atomics.store(next, 0, 0);
      },
      compute: async () => merge(countPieces(plan.pieces, next), table, plan, team),
      collect: () => new Map(table.entries()),
    };
  },
  compare: compareCounts,
  show: ({ pieces }, counts) => {
    const top = [...counts].sort(([a, some], [b, others]) => others - some || (a < b ? -1 : 1)).slice(0, 10);
    const all = [...counts.values()].reduce((sum, some) => sum + some, 0);
    return [
      `${count(all)} words, ${count(counts.size)} different ones, in ${count(pieces.length)} pieces of text`,
      `most frequent: ${top.map(([word, some]) => `${word} ${count(some)}`).join(', ')}`,
    ];
  },
});

/** Takes pieces of text for as long as there are any that no member has taken. */
function countPieces(pieces: readonly string[], next: Int32Array): Counts {
  const counts = new Map<string, number>();
  for (;;) {
    const piece = pieces[Atomics.add(next, 0, 1)];
    if (piece === undefined) return counts;
    countWords(piece, counts);
  }
}

/**
 * Adds one member's counts to the shared table in the order of the slots, each member from a place of its own on. So members work on different
 * pages most of the time and each page comes to each member about once; in the order of the text every word would fetch another page.
 */
function merge(counts: Counts, table: WordTable, { table: { slots } }: Plan, { rank, size }: Team): void {
  const start = Math.floor((slots * rank) / size);
  const distance = (word: string): number => (table.homeOf(word) - start + slots) % slots;
  const ordered = Array.from(counts, ([word, some]) => ({ word, some, distance: distance(word) }));
  ordered.sort((a, b) => a.distance - b.distance);
  for (const { word, some } of ordered) table.add(word, some);
}

function compareCounts(_: Plan, expected: Counts, actual: Counts): Verdict {
  if (expected.size !== actual.size) {
    return { ok: false, summary: `${actual.size} different words where the serial run has ${expected.size}` };
  }
  for (const [word, some] of expected) {
    if (actual.get(word) !== some) return { ok: false, summary: `"${word}" counted ${actual.get(word) ?? 0} times instead of ${some}` };
  }
  return { ok: true, summary: `the counts of ${count(expected.size)} words equal those of a serial Map` };
}
