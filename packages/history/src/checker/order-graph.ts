import type { History } from '../history.js';
import { known } from '../operation-columns.js';
import { changes, type Effects } from './effects.js';

const NONE = -1;

/**
 * Who comes before whom: program order between neighbours of a process (po), and for each location from a write to the reads of its value (rf), from
 * those to the next write (fr), and from write to write (co). These edges, few for each operation, have the closure of all of po ∪ rf ∪ co ∪ fr; a history is
 * sequentially consistent, with its order of writes, if and only if they form no cycle (Shasha and Snir, TOPLAS 10(2), 1988; the form is the model SC of
 * Alglave, Maranget and Tautschnig, "Herding Cats", TOPLAS 36(2), 2014). The edges of a location are read off the order of its effects.
 */
export class OrderGraph {
  readonly #members: Int32Array;
  /** Place of each operation in the order of effects, or `NONE` where it had none. */
  readonly #place: Int32Array;
  /** By place: where the next write to the location is, or, where there is none, ~(the end of the location). */
  readonly #nextWrite: Int32Array;
  readonly #isWrite: Uint8Array;
  readonly #nextOfProcess: Int32Array;
  /** Operations of which the process never learnt the outcome: nothing of the process comes after them, only before. */
  readonly #branches = new Map<number, number[]>();
  readonly #waitsFor: Int32Array;

  constructor(history: History, effects: Effects) {
    const { length } = history.operations;
    this.#members = effects.members;
    this.#place = new Int32Array(length).fill(NONE);
    this.#nextWrite = new Int32Array(effects.members.length);
    this.#isWrite = new Uint8Array(effects.members.length);
    this.#nextOfProcess = new Int32Array(length).fill(NONE);
    this.#waitsFor = new Int32Array(length);
    for (let location = 0; location < history.locations.length; location++) {
      this.#orderLocation(history, effects.starts[location] ?? 0, effects.starts[location + 1] ?? 0);
    }
    this.#orderProcesses(history, effects);
  }

  /** The operations, each once. */
  get members(): Int32Array {
    return this.#members;
  }

  /** For each operation how many come right before it. */
  get waitsFor(): Int32Array {
    return this.#waitsFor.slice();
  }

  /** Calls `visit` with each operation that comes right after `index` in its process. */
  afterInProcess(index: number, visit: (next: number) => void): void {
    const next = this.#nextOfProcess[index] ?? NONE;
    if (next !== NONE) visit(next);
    if (this.#branches.size === 0) return;
    for (const branch of this.#branches.get(index) ?? []) visit(branch);
  }

  /** Calls `visit` with each operation that comes right after `index` at its location. */
  afterAtLocation(index: number, visit: (next: number) => void): void {
    const place = this.#place[index] ?? NONE;
    const write = this.#nextWrite[place] ?? NONE;
    if (this.#isWrite[place] === 1) {
      const end = write < 0 ? ~write : write;
      for (let read = place + 1; read < end; read++) visit(this.#members[read] ?? NONE);
    }
    if (write >= 0) visit(this.#members[write] ?? NONE);
  }

  #orderLocation(history: History, start: number, end: number): void {
    let hasWrite = false;
    let reads = 0;
    for (let place = start; place < end; place++) {
      const index = this.#members[place] ?? NONE;
      this.#place[index] = place;
      if (changes(history, index)) {
        this.#isWrite[place] = 1;
        this.#waitsFor[index] = reads + (hasWrite ? 1 : 0);
        hasWrite = true;
        reads = 0;
      } else {
        this.#waitsFor[index] = hasWrite ? 1 : 0;
        reads += 1;
      }
    }
    let write = ~end;
    for (let place = end - 1; place >= start; place--) {
      this.#nextWrite[place] = write;
      if (this.#isWrite[place] === 1) write = place;
    }
  }

  #orderProcesses(history: History, { happened }: Effects): void {
    const { operations, processes } = history;
    const latest = new Int32Array(processes.length).fill(NONE);
    for (let index = 0; index < operations.length; index++) {
      if (happened[index] !== 1) continue;
      const process = operations.process[index] ?? 0;
      const before = latest[process] ?? NONE;
      const isEnded = operations.knows(index, known.completed);
      if (isEnded) latest[process] = index;
      if (before === NONE) continue;
      this.#waitsFor[index] = (this.#waitsFor[index] ?? 0) + 1;
      if (isEnded) this.#nextOfProcess[before] = index;
      else this.#branches.set(before, [...(this.#branches.get(before) ?? []), index]);
    }
  }
}
