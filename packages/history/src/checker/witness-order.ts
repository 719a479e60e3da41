import { READ } from '../cell.js';
import type { History } from '../history.js';
import { known, type OperationColumns } from '../operation-columns.js';
import { lineOf } from './describe.js';
import type { Violation } from './verdict.js';

/** Operations grouped by location: those of location i are `members[starts[i]]` to `members[starts[i + 1]]`, exclusive. */
export interface Grouped {
  readonly starts: Int32Array;
  readonly members: Int32Array;
}

/** Groups `members` (a permutation is kept within each group), by a number below `count` for each. */
export function groupBy(
  members: Iterable<number> & { readonly length: number },
  count: number,
  groupOf: (member: number) => number,
): Grouped {
  const starts = new Int32Array(count + 1);
  for (const member of members) {
    const next = groupOf(member) + 1;
    starts[next] = (starts[next] ?? 0) + 1;
  }
  for (let group = 0; group < count; group++) starts[group + 1] = (starts[group + 1] ?? 0) + (starts[group] ?? 0);
  const cursors = starts.slice(0, count);
  const grouped = new Int32Array(members.length);
  for (const member of members) {
    const group = groupOf(member);
    const cursor = cursors[group] ?? 0;
    grouped[cursor] = member;
    cursors[group] = cursor + 1;
  }
  return { starts, members: grouped };
}

/** The number of the page of each location. */
function pagesOf({ locations }: History): { readonly pageOf: Int32Array; readonly count: number } {
  const numbers = new Map<string, number>();
  const pageOf = new Int32Array(locations.length);
  for (const [index, { region, page }] of locations.entries()) {
    const name = `${page} ${region}`;
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    pageOf[index] = number;
  }
  return { pageOf, count: numbers.size };
}

/**
 * The operations that have a witness, by location, in the order in which they took effect. At each version of a page those of its holder come
 * first, by serial, and then the reads of others, which saw the last write of that version (see `Witness`). That order is the order of
 * writes (co) and says for every read which write it saw (rf). A violation when the witnesses of a page contradict each other.
 */
export function orderByWitness(history: History): Grouped | Violation {
  const { operations, locations } = history;
  const { location } = operations;
  const witnessed = new Int32Array(operations.length);
  let count = 0;
  for (let index = 0; index < operations.length; index++) {
    if (operations.knows(index, known.witness) && !operations.knows(index, known.failed)) witnessed[count++] = index;
  }
  const pages = pagesOf(history);
  const byPage = groupBy(witnessed.subarray(0, count), pages.count, (index) => pages.pageOf[location[index] ?? 0] ?? 0);
  for (let page = 0; page < pages.count; page++) {
    const accesses = byPage.members.subarray(byPage.starts[page], byPage.starts[page + 1]);
    sortByWitness(operations, accesses);
    const violation = putHoldersFirst(history, accesses) ?? checkSerials(history, accesses);
    if (violation !== undefined) return violation;
  }
  return groupBy(byPage.members, locations.length, (index) => location[index] ?? 0);
}

function sortByWitness({ version, incarnation, serial }: OperationColumns, accesses: Int32Array): void {
  const compare = (a: number, b: number): number =>
    (version[a] ?? 0) - (version[b] ?? 0) || (incarnation[a] ?? 0) - (incarnation[b] ?? 0) || (serial[a] ?? 0) - (serial[b] ?? 0);
  accesses.sort(compare);
}

/** Accesses are sorted by version, incarnation and serial; moves the holder's to the front of each version. */
function putHoldersFirst(history: History, accesses: Int32Array): Violation | undefined {
  const { version } = history.operations;
  for (let start = 0, end = 0; start < accesses.length; start = end) {
    end = start + 1;
    while (end < accesses.length && version[accesses[end] ?? 0] === version[accesses[start] ?? 0]) end += 1;
    const violation = putHolderFirst(history, accesses.subarray(start, end));
    if (violation !== undefined) return violation;
  }
  return undefined;
}

function putHolderFirst(history: History, tenure: Int32Array): Violation | undefined {
  const { operations } = history;
  const { kind, incarnation, version } = operations;
  let writer = -1;
  for (const index of tenure) {
    if (kind[index] === READ) continue;
    if (writer >= 0 && incarnation[index] !== incarnation[writer]) {
      return contradiction(history, [writer, index], 'two lives wrote at one version of a page, which has one exclusive holder (I1)');
    }
    writer = index;
  }
  if (writer < 0) return undefined;
  if (version[writer] === 0) return contradiction(history, [writer], 'a write at version 0, which nobody writes');
  let first = 0;
  while (incarnation[tenure[first] ?? 0] !== incarnation[writer]) first += 1;
  if (first === 0) return undefined;
  let last = first;
  while (last < tenure.length && incarnation[tenure[last] ?? 0] === incarnation[writer]) last += 1;
  const others = tenure.slice(0, first);
  tenure.copyWithin(0, first, last);
  tenure.set(others, last - first);
  return undefined;
}

/** What one life of a node sees of a page never goes back. */
function checkSerials(history: History, accesses: Int32Array): Violation | undefined {
  const { incarnation, serial } = history.operations;
  const latest = new Map<number, number>();
  for (const index of accesses) {
    const life = incarnation[index] ?? 0;
    const before = latest.get(life);
    latest.set(life, index);
    if (before === undefined || (serial[before] ?? 0) < (serial[index] ?? 0)) continue;
    const what = serial[before] === serial[index] ? 'two accesses have one serial' : 'a page went back to an older version on one node';
    return contradiction(history, [before, index], what);
  }
  return undefined;
}

function contradiction(history: History, operations: readonly number[], what: string): Violation {
  const lines = operations.map((index) => `  ${lineOf(history, index)}`);
  return { rule: 'witness', operations, text: [`the witnesses contradict each other: ${what}`, ...lines].join('\n') };
}
