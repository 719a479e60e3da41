import { READ, WRITE } from '../cell.js';
import type { History } from '../history.js';
import { known } from '../operation-columns.js';
import { lineOf } from './describe.js';
import { changes, type Effects, findEffects } from './effects.js';
import { findCycle, type Step } from './find-cycle.js';
import { OrderGraph } from './order-graph.js';
import { checkRealTime } from './real-time.js';
import { findFlaw } from './usable.js';
import type { Counts, Verdict, Violation } from './verdict.js';
import { type Grouped, orderByWitness } from './witness-order.js';

/**
 * Decides whether a history is linearizable at each location and sequentially consistent as a whole. Deciding that for values alone is NP-complete
 * (Gibbons and Korach 1997); with the order of writes and of reads among them known from witnesses it takes time in proportion to the number of
 * operations, but for sorting them.
 */
export function checkHistory(history: History): Verdict {
  const flaw = findFlaw(history);
  if (flaw !== undefined) return { outcome: 'unusable', reason: flaw };
  const ordered = orderByWitness(history);
  if ('rule' in ordered) return inconsistent(history, ordered);
  const effects = effectsOf(history, ordered);
  if (typeof effects === 'string') return { outcome: 'unusable', reason: effects };
  if ('rule' in effects) return inconsistent(history, effects);
  const violation = checkRealTime(history, effects) ?? checkOrder(history, effects);
  if (violation !== undefined) return inconsistent(history, violation, effects);
  return { outcome: 'consistent', counts: countsOf(history, effects) };
}

/** What took effect. An operation that was undone is as if it had never been, but so must be all that its process did after it on that node. */
function effectsOf(history: History, ordered: Grouped): Effects | Violation | string {
  const certain = new Uint8Array(history.operations.length);
  for (;;) {
    const effects = findEffects(history, ordered, certain);
    if (typeof effects === 'string' || 'rule' in effects || !extend(history, effects, certain)) return effects;
  }
}

/** Adds to `certain` what happened before something that happened; false when there is nothing to add. */
function extend(history: History, { happened }: Effects, certain: Uint8Array): boolean {
  const { operations, processes } = history;
  const lives = new Float64Array(processes.length).fill(Number.NaN);
  let isMore = false;
  for (let index = operations.length - 1; index >= 0; index--) {
    const process = operations.process[index] ?? 0;
    const life = operations.incarnation[index] ?? 0;
    const isSure = operations.knows(index, known.confirmed) || operations.knows(index, known.failed);
    const isDoubtful = operations.knows(index, known.completed | known.witness) && !isSure;
    if (isDoubtful && certain[index] !== 1 && (happened[index] === 1 || lives[process] === life)) {
      certain[index] = 1;
      isMore = true;
    }
    if (happened[index] === 1 || certain[index] === 1) lives[process] = life;
  }
  return isMore;
}

function checkOrder(history: History, effects: Effects): Violation | undefined {
  const cycle = findCycle(new OrderGraph(history, effects));
  if (cycle === undefined) return undefined;
  const lines = cycle.flatMap((step, place) => {
    const next = cycle[(place + 1) % cycle.length] ?? step;
    return [`  ${lineOf(history, step.operation)}`, `    ${reasonOf(history, step, next)}`];
  });
  const head = `not sequentially consistent: each of these ${cycle.length} operations comes before the next, and the last before the first`;
  return { rule: 'cycle', operations: cycle.map(({ operation }) => operation), text: [head, ...lines].join('\n') };
}

function reasonOf(history: History, step: Step, next: Step): string {
  if (step.link === 'process') return 'before, in the order of its process (po):';
  const from = changes(history, step.operation);
  const to = changes(history, next.operation);
  if (from && to) return 'overwritten, at once or after others, by (co):';
  if (from) return 'seen, or what came after it, by (rf):';
  return to ? 'saw what was there before (fr):' : 'saw an older value than (fr, rf):';
}

function inconsistent(history: History, violation: Violation, effects?: Effects): Verdict {
  return { outcome: 'inconsistent', violation, counts: countsOf(history, effects) };
}

function countsOf(history: History, effects: Effects | undefined): Counts {
  const { operations, processes, locations } = history;
  let failed = 0;
  let unknown = 0;
  let unknownSeen = 0;
  for (let index = 0; index < operations.length; index++) {
    if (operations.knows(index, known.failed)) failed += 1;
    else if (!operations.knows(index, known.completed | known.confirmed)) {
      unknown += 1;
      unknownSeen += effects?.happened[index] ?? 0;
    }
  }
  return {
    operations: operations.length,
    processes: processes.length,
    locations: locations.length,
    checked: effects?.members.length ?? 0,
    readFromOthers: effects === undefined ? 0 : readsFromOthers(history, effects),
    unknown,
    unknownSeen,
    failed,
  };
}

function readsFromOthers(history: History, { starts, members }: Effects): number {
  const { operations, locations } = history;
  let count = 0;
  for (let location = 0; location < locations.length; location++) {
    let writer: number | undefined;
    for (let place = starts[location] ?? 0; place < (starts[location + 1] ?? 0); place++) {
      const index = members[place] ?? 0;
      const reads = (operations.kind[index] ?? READ) !== WRITE;
      if (reads && writer !== undefined && operations.process[writer] !== operations.process[index]) count += 1;
      if (changes(history, index)) writer = index;
    }
  }
  return count;
}
