import type { History } from '../history.js';
import { known } from '../operation-columns.js';
import { lineOf, nameOfLocation, nameOfOperation } from './describe.js';
import { changes, type Effects } from './effects.js';
import type { Violation } from './verdict.js';

/**
 * Compares the order in which operations on one location took effect with the times of those that did not overlap. With the order of writes
 * known, a location is linearizable if and only if nothing ended before something began that took effect earlier; reads of one value have no
 * order among themselves (Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997, the case of known write orders). One walk from the
 * last effect to the first, which keeps the earliest end of what took effect later, for each clock: times of different clocks say nothing.
 */
export function checkRealTime(history: History, effects: Effects): Violation | undefined {
  const clocks = new Map<number, number>();
  for (const { clock } of history.processes) if (!clocks.has(clock)) clocks.set(clock, clocks.size);
  const clockOf = Int32Array.from(history.processes, ({ clock }) => clocks.get(clock) ?? 0);
  const walk = new BackwardWalk(history, clockOf, clocks.size);
  for (let location = 0; location < history.locations.length; location++) {
    walk.start();
    const first = effects.starts[location] ?? 0;
    for (let place = (effects.starts[location + 1] ?? 0) - 1; place >= first; place--) {
      const index = effects.members[place] ?? 0;
      const later = walk.take(index);
      if (later !== undefined) return outOfTime(history, effects, { place, later });
    }
  }
  return undefined;
}

const NOBODY = -1;

class BackwardWalk {
  readonly #history: History;
  readonly #clockOf: Int32Array;
  /** For each clock, of the operations that took effect after the current value was gone, the one that ended first. */
  readonly #later: Int32Array;
  /** The same for the reads of the current value. */
  readonly #reads: Int32Array;
  /** Clocks in `#reads`. */
  #readClocks: number[] = [];

  constructor(history: History, clockOf: Int32Array, clocks: number) {
    this.#history = history;
    this.#clockOf = clockOf;
    this.#later = new Int32Array(clocks).fill(NOBODY);
    this.#reads = new Int32Array(clocks).fill(NOBODY);
  }

  /** The next location. */
  start(): void {
    this.#later.fill(NOBODY);
    this.#reads.fill(NOBODY);
    this.#readClocks = [];
  }

  /** Goes on to an operation that took effect before all others so far. Returns one of those that ended before this one began, if there is any. */
  take(index: number): number | undefined {
    const { operations } = this.#history;
    const clock = this.#clockOf[operations.process[index] ?? 0] ?? 0;
    const isChange = changes(this.#history, index);
    if (isChange) this.#valueBegins();
    const later = this.#later[clock] ?? NOBODY;
    if (later !== NOBODY && (operations.completed[later] ?? 0) < (operations.invoked[index] ?? 0)) return later;
    if (!operations.knows(index, known.completed)) return undefined;
    if (isChange) this.#keepFirst(this.#later, clock, index);
    else {
      if (this.#reads[clock] === NOBODY) this.#readClocks.push(clock);
      this.#keepFirst(this.#reads, clock, index);
    }
    return undefined;
  }

  /** The reads so far saw a value that is written now: they come after whatever comes next. */
  #valueBegins(): void {
    for (const clock of this.#readClocks) {
      this.#keepFirst(this.#later, clock, this.#reads[clock] ?? NOBODY);
      this.#reads[clock] = NOBODY;
    }
    this.#readClocks = [];
  }

  #keepFirst(firsts: Int32Array, clock: number, index: number): void {
    const { completed } = this.#history.operations;
    const first = firsts[clock] ?? NOBODY;
    if (first === NOBODY || (completed[index] ?? 0) < (completed[first] ?? 0)) firsts[clock] = index;
  }
}

function outOfTime(history: History, effects: Effects, found: { readonly place: number; readonly later: number }): Violation {
  const { operations, locations } = history;
  const index = effects.members[found.place] ?? 0;
  const { later } = found;
  const location = locations[operations.location[index] ?? 0];
  const where = location === undefined ? '?' : nameOfLocation(location);
  const shown = [index, later];
  let why = `took effect before ${nameOfOperation(history, later)}`;
  if (changes(history, index)) why += ' by the order of versions';
  else {
    let place = found.place + 1;
    while (!changes(history, effects.members[place] ?? 0)) place += 1;
    const overwriter = effects.members[place] ?? 0;
    why = `returned the value that ${nameOfOperation(history, overwriter)} overwrote`;
    if (overwriter !== later) {
      why += `, whose effect ${nameOfOperation(history, later)} had seen`;
      shown.splice(1, 0, overwriter);
    }
  }
  return {
    rule: 'real-time',
    operations: shown,
    text: [
      `${where} is not linearizable: ${nameOfOperation(history, index)} ${why}, but began after ${nameOfOperation(history, later)} had ended`,
      ...shown.map((each) => `  ${lineOf(history, each)}`),
    ].join('\n'),
  };
}
