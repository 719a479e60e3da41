import { READ, WRITE } from '../cell.js';
import type { History } from '../history.js';
import { known } from '../operation-columns.js';
import { nameOfLocation, nameOfOperation } from './describe.js';

/** Says what keeps a history from being checked, if anything does. */
export function findFlaw(history: History): string | undefined {
  return flawOfLocations(history) ?? flawOfOperations(history) ?? flawOfProcesses(history);
}

function flawOfLocations({ locations }: History): string | undefined {
  const sorted = [...locations].sort((a, b) => (a.region === b.region ? a.offset - b.offset : a.region < b.region ? -1 : 1));
  for (const [place, location] of sorted.entries()) {
    const next = sorted[place + 1];
    if (next?.region === location.region && next.offset < location.offset + location.bytes) {
      return `locations ${nameOfLocation(location)} and ${nameOfLocation(next)} overlap: record cells and records that are apart`;
    }
  }
  return undefined;
}

function flawOfOperations(history: History): string | undefined {
  const { operations, processes, locations } = history;
  for (let index = 0; index < operations.length; index++) {
    const what = flawOfOperation(history, index);
    if (what !== undefined) {
      const isNamed = (operations.process[index] ?? -1) in processes && (operations.location[index] ?? -1) in locations;
      return `${isNamed ? nameOfOperation(history, index) : `operation ${index}`} ${what}`;
    }
  }
  return undefined;
}

function flawOfOperation({ operations, processes, locations }: History, index: number): string | undefined {
  if (!((operations.process[index] ?? -1) in processes)) return 'is of a process that the history does not list';
  const location = locations[operations.location[index] ?? -1];
  if (location === undefined) return 'is on a location that the history does not list';
  const { invoked, completed } = operations;
  if (operations.knows(index, known.failed)) return undefined;
  if (operations.knows(index, known.completed) && !((completed[index] ?? 0) >= (invoked[index] ?? 0))) return 'ended before it began';
  const kind = operations.kind[index] ?? READ;
  if (kind > WRITE && location.bytes !== 4 && location.bytes !== 8) return 'is an atomic on a location that is no cell of 4 or 8 bytes';
  if (!operations.knows(index, known.completed | known.confirmed)) return undefined;
  if (!operations.knows(index, known.witness)) {
    return 'has no witness: without versions the order of writes is not known, and this checker does not search for one. Record with witnesses';
  }
  if (kind !== WRITE && !operations.knows(index, known.result)) return 'ended well and has no value';
  return undefined;
}

/** A process begins an operation when the one before has ended, or when it has given up on it. */
function flawOfProcesses(history: History): string | undefined {
  const { operations, processes } = history;
  const last = new Int32Array(processes.length).fill(-1);
  for (let index = 0; index < operations.length; index++) {
    const process = operations.process[index] ?? 0;
    const before = last[process] ?? -1;
    if (before >= 0) {
      const ended = operations.knows(before, known.completed) && !operations.knows(before, known.failed);
      const free = (ended ? operations.completed[before] : operations.invoked[before]) ?? 0;
      if ((operations.invoked[index] ?? 0) < free) {
        return `${nameOfOperation(history, index)} began before ${nameOfOperation(history, before)} had ended: a process is sequential`;
      }
    }
    last[process] = index;
  }
  return undefined;
}
