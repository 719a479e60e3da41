import { Cell, operationKinds, READ } from '../cell.js';
import type { History } from '../history.js';
import { known } from '../operation-columns.js';

/** How many writes of unknown outcome, in a row and of different effect, are tried to explain one value. */
const LONGEST_MIX = 4;

/** Writes of one effect whose outcome is unknown: any of them explains as much as any other. */
interface Alike {
  readonly code: number;
  readonly argument: { readonly low: number; readonly high: number };
  readonly replacement: { readonly low: number; readonly high: number };
  /** By invocation, the earliest last, where it is taken from: in an order of versions the earliest fits wherever a later one does. */
  readonly operations: number[];
}

/**
 * The writes to one location that have no witness, because no answer to them came. Each may have taken effect at any time after its invocation,
 * or never; which of them did is known only by the values that others saw.
 */
export class UnseenWrites {
  readonly #bytes: number;
  readonly #alike: Alike[] = [];

  constructor({ operations, locations }: History, location: number, writes: readonly number[]) {
    this.#bytes = locations[location]?.bytes ?? 8;
    const groups = new Map<string, Alike>();
    const latestFirst = [...writes].sort((a, b) => (operations.invoked[b] ?? 0) - (operations.invoked[a] ?? 0));
    for (const index of latestFirst) {
      const code = operations.kind[index] ?? READ;
      const argument = { low: operations.argumentLow[index] ?? 0, high: operations.argumentHigh[index] ?? 0 };
      const replacement = { low: operations.replacementLow[index] ?? 0, high: operations.replacementHigh[index] ?? 0 };
      const effect = [code, argument.low, argument.high, replacement.low, replacement.high].join();
      const group = groups.get(effect) ?? { code, argument, replacement, operations: [] };
      if (!groups.has(effect)) this.#alike.push(group);
      groups.set(effect, group);
      group.operations.push(index);
    }
  }

  /**
   * Takes the fewest writes that turn one value into the other, in the order in which they do; `undefined` when none do. Tries single ones, then
   * as many of one effect as it takes (lost answers of a counter), then short mixes. Only writes count that `mayHaveHappened`: one that began when the value
   * had been seen does not explain it.
   */
  take(from: Cell, low: number, high: number, mayHaveHappened: (write: number) => boolean): readonly number[] | undefined {
    for (const group of this.#alike) {
      const count = this.#repeats(group, from, { low, high }, mayHaveHappened);
      if (count > 0) return group.operations.splice(-count).reverse();
    }
    for (let length = 2; length <= LONGEST_MIX; length++) {
      const path = this.#mix(from, { low, high }, length, mayHaveHappened);
      if (path !== undefined) return path.map((group) => group.operations.pop() ?? -1);
    }
    return undefined;
  }

  /** True when there are so many that not every mix of them was tried. */
  get areTooMany(): boolean {
    const open = this.#alike.filter(({ code, operations }) => operations.length > 0 && !isBlind(code));
    return open.reduce((sum, { operations }) => sum + operations.length, 0) > LONGEST_MIX;
  }

  #repeats(
    group: Alike,
    from: Cell,
    to: { readonly low: number; readonly high: number },
    mayHaveHappened: (write: number) => boolean,
  ): number {
    const cell = new Cell();
    cell.set(from.low, from.high);
    for (let count = 1; count <= group.operations.length; count++) {
      if (!mayHaveHappened(group.operations.at(-count) ?? -1)) return 0;
      cell.apply(group.code, group.argument, group.replacement, this.#bytes);
      if (cell.is(to.low, to.high)) return count;
      if (isBlind(group.code)) return 0;
    }
    return 0;
  }

  #mix(
    from: Cell,
    to: { readonly low: number; readonly high: number },
    length: number,
    mayHaveHappened: (write: number) => boolean,
  ): readonly Alike[] | undefined {
    if (length === 0) return from.is(to.low, to.high) ? [] : undefined;
    for (const group of this.#alike) {
      const last = group.operations.at(-1);
      if (last === undefined || !mayHaveHappened(last)) continue;
      group.operations.pop();
      const cell = new Cell();
      cell.set(from.low, from.high);
      cell.apply(group.code, group.argument, group.replacement, this.#bytes);
      const rest = this.#mix(cell, to, length - 1, mayHaveHappened);
      group.operations.push(last);
      if (rest !== undefined) return [group, ...rest];
    }
    return undefined;
  }
}

/** What it writes does not depend on what was there. */
const isBlind = (code: number): boolean => operationKinds[code] === 'write' || operationKinds[code] === 'exchange';

/** The writes of unknown outcome and without a witness, by location. */
export function unseenWrites(history: History): ReadonlyMap<number, UnseenWrites> {
  const { operations } = history;
  const byLocation = new Map<number, number[]>();
  for (let index = 0; index < operations.length; index++) {
    const isUnseen = !operations.knows(index, known.witness) && !operations.knows(index, known.failed);
    if (!isUnseen || operations.kind[index] === READ) continue;
    const location = operations.location[index] ?? 0;
    const writes = byLocation.get(location) ?? [];
    byLocation.set(location, writes);
    writes.push(index);
  }
  return new Map(Array.from(byLocation, ([location, writes]) => [location, new UnseenWrites(history, location, writes)]));
}
