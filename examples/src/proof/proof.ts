import { defineExample, type Serial } from '../example.js';
import type { Verdict } from '../outcome.js';
import { count } from '../same-bits.js';
import { type Arena, arenaFor, findingCells, resetArena } from './arena.js';
import { contend, findingsOf } from './contend.js';
import { contendInWorker } from './contend-in-worker.js';

/** What came of all members' work. */
interface Findings {
  /** Everything that was popped, by whomever, in ascending order. */
  readonly popped: readonly number[];
  /** How often a consumer popped a value of a producer after a later one of the same producer. */
  readonly outOfOrder: number;
  readonly counter: number;
  readonly torn: number;
  /** By each reader. */
  readonly reads: readonly number[];
  readonly retries: number;
}

/** A ring buffer, a spin lock and a seqlock made of Atomics: the code cannot tell whether the buffer is one of this process. */
export const sharedMemoryProof = defineExample({
  name: 'shared-memory-proof',
  about: 'a ring buffer, a spin lock and a seqlock: worker threads and Atomics, first in one process, then on a cluster',
  compares: 'none',
  settings: {
    values: { about: 'that each member pushes through the ring', usual: 20_000, quick: 100, most: 1_000_000 },
    capacity: { about: 'slots of the ring, a power of two', usual: 64, quick: 64, most: 2 ** 20 },
    increments: { about: 'that each member makes under the lock', usual: 3000, quick: 50 },
    reads: { about: 'whole pairs that each reader of the seqlock wants to see', usual: 1000, quick: 30 },
  },
  check({ capacity }, members) {
    if (members < 2) throw new RangeError('sharing takes two: --processes and --threads are 2 or more here');
    if ((capacity & (capacity - 1)) !== 0) throw new RangeError(`--capacity is a power of two, not ${capacity}`);
  },
  async prepare({ values, capacity, increments, reads }, members): Promise<Arena> {
    return arenaFor({ members, values, capacity, increments, reads });
  },
  // Nothing to run: what must come out is plain arithmetic.
  serial: ({ members, values, increments, reads }): Serial<Findings> => ({
    compute() {},
    collect: () => ({
      popped: Array.from({ length: members * values }, (_, value) => value),
      outOfOrder: 0,
      counter: members * increments,
      torn: 0,
      reads: new Array<number>(members - 1).fill(reads),
      retries: 0,
    }),
  }),
  async open(arena, team) {
    const buffer = await team.share('proof', arena.bytes);
    const contest = { buffer, arena, rank: team.rank };
    return {
      place() {
        if (team.rank === 0) resetArena(buffer, arena);
      },
      // Odd members use the buffer from a worker thread of theirs, the others where they are.
      compute: async () => (team.rank % 2 === 1 ? await contendInWorker(contest) : contend(contest)),
      collect: () => collect(buffer, arena),
    };
  },
  compare: compareFindings,
  show: ({ values, increments, reads }) => [
    `each member: ${count(values)} values through the ring, ${count(increments)} increments under the lock`,
    `one writes pairs under the seqlock, each other one reads ${count(reads)}`,
  ],
});

function collect(buffer: SharedArrayBuffer, arena: Arena): Findings {
  const rows = Array.from({ length: arena.members }, (_, rank) => [...findingsOf(buffer, arena, rank)]);
  const logs = rows.map((row) => row.slice(findingCells.firstValue, findingCells.firstValue + (row[findingCells.popped] ?? 0)));
  const sum = (cell: number): number => rows.reduce((total, row) => total + (row[cell] ?? 0), 0);
  return {
    popped: logs.flat().sort((a, b) => a - b),
    outOfOrder: logs.reduce((total, log) => total + overtaken(log, arena.values), 0),
    counter: Atomics.load(new Int32Array(buffer, arena.counter, 1), 0),
    torn: sum(findingCells.torn),
    reads: rows.slice(1).map((row) => row[findingCells.reads] ?? 0),
    retries: sum(findingCells.retries),
  };
}

/** How many values of one consumer's log come after a later value of the same producer. */
export function overtaken(log: readonly number[], valuesEach: number): number {
  const last = new Map<number, number>();
  return log.filter((value) => {
    const producer = Math.floor(value / valuesEach);
    const before = last.get(producer) ?? -1;
    last.set(producer, value);
    return value < before;
  }).length;
}

function compareFindings(_: Arena, expected: Findings, actual: Findings): Verdict {
  const wrong = expected.popped.findIndex((value, index) => value !== actual.popped[index]);
  const faults = [
    wrong !== -1 || actual.popped.length !== expected.popped.length
      ? `the ring: value ${expected.popped[wrong]} was lost or came twice (${actual.popped.length} of ${expected.popped.length} came out)`
      : '',
    actual.outOfOrder > 0 ? `the ring: ${actual.outOfOrder} values overtook an earlier one of their producer` : '',
    actual.counter !== expected.counter ? `the lock: the counter is ${actual.counter} instead of ${expected.counter}` : '',
    actual.torn > 0 ? `the seqlock: ${actual.torn} pairs were torn` : '',
    actual.reads.join() !== expected.reads.join() ? `the seqlock: reads ${actual.reads.join()} instead of ${expected.reads.join()}` : '',
  ].filter((fault) => fault !== '');
  if (faults.length > 0) return { ok: false, summary: faults.join('; ') };
  const reads = actual.reads.reduce((sum, some) => sum + some, 0);
  return {
    ok: true,
    summary: [
      `${count(actual.popped.length)} values came out of the ring once each, in their producers' order`,
      `the counter is ${count(actual.counter)}`,
      `0 of ${count(reads)} pairs torn (${count(actual.retries)} retries)`,
    ].join('; '),
  };
}
