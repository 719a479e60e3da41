import { Cell, codeOf } from '../src/cell.js';
import type { Operation } from '../src/index.js';

// The definitions, word for word and slowly: what the linear checker is held against. For histories of `ok` operations on int32 cells that start at 0.

const changes = (operation: Operation): boolean =>
  operation.kind !== 'read' && (operation.kind !== 'compareExchange' || operation.result === operation.argument);

type MayFollow = (next: Operation, remaining: readonly Operation[]) => boolean;

/** True when some order of all operations keeps the order of each process, explains every result, and lets each operation follow as `mayFollow` says. */
function hasOrder(operations: readonly Operation[], mayFollow: MayFollow): boolean {
  const processes = new Map<number, Operation[]>();
  for (const operation of operations) processes.set(operation.process, [...(processes.get(operation.process) ?? []), operation]);
  const programs = [...processes.values()];
  const dead = new Set<string>();
  const explore = (at: readonly number[], memory: readonly number[]): boolean => {
    if (at.every((next, process) => next === programs[process]?.length)) return true;
    const state = `${at.join()} ${memory.join()}`;
    if (dead.has(state)) return false;
    const remaining = programs.flatMap((program, process) => program.slice(at[process]));
    for (const [process, program] of programs.entries()) {
      const next = program[at[process] ?? 0];
      if (next === undefined || !mayFollow(next, remaining)) continue;
      const before = memory[next.location] ?? 0;
      if (next.kind !== 'write' && next.result !== before) continue;
      if (explore(at.with(process, (at[process] ?? 0) + 1), memory.with(next.location, performed(before, next)))) return true;
    }
    dead.add(state);
    return false;
  };
  const locations = Math.max(...operations.map(({ location }) => location)) + 1;
  return explore(
    programs.map(() => 0),
    new Array<number>(locations).fill(0),
  );
}

/** What an operation leaves in a cell that held `before`. */
export function performed(before: number, { kind, argument, replacement }: Operation): number {
  const cell = new Cell();
  cell.set(before, 0);
  cell.apply(codeOf(kind), { low: Number(argument ?? 0), high: 0 }, { low: Number(replacement ?? 0), high: 0 }, 4);
  return cell.low;
}

/** Sequentially consistent by its values alone (Lamport 1979). */
export const isSequentiallyConsistent = (operations: readonly Operation[]): boolean => hasOrder(operations, () => true);

/** True when `a` took effect before `b` by their witnesses, at one location. Reads of one value have no order. */
function precedes(operations: readonly Operation[], pageOf: (location: number) => number, a: Operation, b: Operation): boolean {
  if (a.location !== b.location || a === b) return false;
  const isHolder = ({ witness }: Operation): boolean =>
    operations.some(
      (other) =>
        other.kind !== 'read' &&
        pageOf(other.location) === pageOf(a.location) &&
        other.witness?.version === witness?.version &&
        other.witness?.incarnation === witness?.incarnation,
    );
  const rank = (operation: Operation): readonly number[] => [
    operation.witness?.version ?? 0,
    isHolder(operation) ? 0 : 1,
    isHolder(operation) ? (operation.witness?.serial ?? 0) : 0,
  ];
  const [left, right] = [rank(a), rank(b)];
  const place = left.findIndex((value, index) => value !== right[index]);
  return place >= 0 && (left[place] ?? 0) < (right[place] ?? 0);
}

function witnessesAgree(operations: readonly Operation[], pageOf: (location: number) => number): boolean {
  return operations.every((a) =>
    operations.every((b) => {
      const [w, v] = [a.witness, b.witness];
      if (w === undefined || v === undefined) return false;
      if (a.kind !== 'read' && w.version === 0) return false;
      if (a === b || pageOf(a.location) !== pageOf(b.location)) return true;
      if (w.incarnation !== v.incarnation) return a.kind === 'read' || b.kind === 'read' || w.version !== v.version;
      return w.serial !== v.serial && (w.version >= v.version || w.serial < v.serial);
    }),
  );
}

/** Everything that `checkHistory` claims of a history with witnesses. `clocks`: one for all processes, or one for each. */
export function isExplained(operations: readonly Operation[], pageOf: (location: number) => number, clocks: 'one' | 'each'): boolean {
  if (!witnessesAgree(operations, pageOf)) return false;
  const before = new Map(operations.map((b) => [b, operations.filter((a) => precedes(operations, pageOf, a, b))]));
  const ordered = (a: Operation, b: Operation): boolean => before.get(b)?.includes(a) === true;
  // Some change lies between them, or is one of them: so they have an order, not only ranks.
  const isApart = (a: Operation, b: Operation): boolean =>
    ordered(a, b) &&
    (changes(a) || changes(b) || operations.some((between) => changes(between) && ordered(a, between) && ordered(between, b)));
  const isLate = (a: Operation, b: Operation): boolean => (clocks === 'one' || a.process === b.process) && (b.completed ?? 0) < a.invoked;
  const inTime = operations.every((a) => operations.every((b) => !(isApart(a, b) && isLate(a, b))));
  return inTime && hasOrder(operations, (next, remaining) => !remaining.some((other) => isApart(other, next)));
}
