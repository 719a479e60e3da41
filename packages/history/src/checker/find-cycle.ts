import { invariant } from '@pagewire/protocol';
import type { OrderGraph } from './order-graph.js';

/** How one operation of a cycle comes before the next. */
export type Link = 'process' | 'location';

/** An operation of a cycle, and how it comes before the next; the last before the first. */
export interface Step {
  readonly operation: number;
  readonly link: Link;
}

/** How many operations of a cycle are tried as the start of a shorter one. */
const STARTS = 32;

/**
 * A cycle of the graph in which program order and the order at a location take turns as seldom as can be found, and runs of one kind are one step;
 * `undefined` when there is none. Operations are taken out in topological order (Kahn, CACM 5(11), 1962); what cannot be taken out lies on cycles or
 * behind them. Nothing recurses: a history may be millions of operations long.
 */
export function findCycle(graph: OrderGraph): readonly Step[] | undefined {
  const left = takeOutInOrder(graph);
  if (left === undefined) return undefined;
  let shortest: readonly Step[] | undefined;
  for (const start of someCycle(graph, left).slice(0, STARTS)) {
    const cycle = shortestThrough(graph, left, start);
    if (shortest === undefined || cycle.length < shortest.length) shortest = cycle;
  }
  return shortest;
}

/** What is left, one number above 0 for each, when no further operation has all before it taken out. */
function takeOutInOrder(graph: OrderGraph): Int32Array | undefined {
  const { members, waitsFor } = graph;
  const ready = new Int32Array(members.length);
  let end = 0;
  const oneLess = (index: number): void => {
    const waits = (waitsFor[index] ?? 0) - 1;
    waitsFor[index] = waits;
    if (waits === 0) ready[end++] = index;
  };
  for (const index of members) if (waitsFor[index] === 0) ready[end++] = index;
  for (let next = 0; next < end; next++) {
    const index = ready[next] ?? 0;
    graph.afterInProcess(index, oneLess);
    graph.afterAtLocation(index, oneLess);
  }
  return end === members.length ? undefined : waitsFor;
}

/** Some cycle: going back from any operation that is left, always to one that is left too, must come round. */
function someCycle(graph: OrderGraph, left: Int32Array): number[] {
  const before = new Map<number, number>();
  for (const index of graph.members) {
    if ((left[index] ?? 0) <= 0) continue;
    const note = (next: number): void => {
      if ((left[next] ?? 0) > 0) before.set(next, index);
    };
    graph.afterInProcess(index, note);
    graph.afterAtLocation(index, note);
  }
  const path = new Map<number, number>();
  let at = before.keys().next().value ?? -1;
  while (!path.has(at)) {
    path.set(at, path.size);
    at = before.get(at) ?? -1;
  }
  return [...path.keys()].slice(path.get(at));
}

/** What the search knows of an operation that it came to by one kind of link. */
interface Visit {
  readonly operation: number;
  readonly link: Link | undefined;
  readonly turns: number;
  readonly from: Visit | undefined;
}

/** Of the cycles through `start` one with the fewest turns: a breadth-first search in which going on by the same kind of link is free. */
function shortestThrough(graph: OrderGraph, left: Int32Array, start: number): readonly Step[] {
  const seen = { process: new Set<number>(), location: new Set<number>() };
  let front: Visit[] = [{ operation: start, link: undefined, turns: 0, from: undefined }];
  for (;;) {
    invariant(front.length > 0, 'an operation of a cycle is not come back to');
    const later: Visit[] = [];
    for (let visit = front.pop(); visit !== undefined; visit = front.pop()) {
      const from = visit;
      if (from.link !== undefined && from.operation === start) return stepsOf(from);
      if (from.link !== undefined) {
        if (seen[from.link].has(from.operation)) continue;
        seen[from.link].add(from.operation);
      }
      const go = (link: Link) => (operation: number) => {
        if ((left[operation] ?? 0) <= 0) return;
        const isTurn = from.link !== link;
        (isTurn ? later : front).push({ operation, link, turns: from.turns + (isTurn ? 1 : 0), from });
      };
      graph.afterInProcess(from.operation, go('process'));
      graph.afterAtLocation(from.operation, go('location'));
    }
    front = later;
  }
}

/** The way back to the start as steps, each run of links of one kind one step. */
function stepsOf(end: Visit): readonly Step[] {
  const steps: { operation: number; link: Link }[] = [];
  for (let visit: Visit | undefined = end; visit?.from !== undefined; visit = visit.from) {
    // Found from the end to the start: a run is named by where it begins.
    const link = visit.link ?? 'process';
    const last = steps.at(-1);
    if (last?.link === link) last.operation = visit.from.operation;
    else steps.push({ operation: visit.from.operation, link });
  }
  steps.reverse();
  const [first] = steps;
  const last = steps.at(-1);
  // The search may have started within a run.
  return steps.length > 2 && first !== undefined && first.link === last?.link ? steps.slice(1) : steps;
}
