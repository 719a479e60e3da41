import { PagewireError } from '@pagewire/protocol';
import { append, type History, type Location, type Process } from './history.js';
import { OperationColumns } from './operation-columns.js';

/**
 * One history of several that were recorded at the same time of the same memory. Clocks of one number are the same clock in all of them. Locations are
 * the same where region, offset and size are. Throws `bad-argument` when the histories do not agree on where a location lies.
 */
export function mergeHistories(histories: readonly History[]): History {
  const [first] = histories;
  if (first !== undefined && histories.length === 1) return first;
  const processes: Process[] = [];
  const locations: Location[] = [];
  const places = new Map<string, number>();
  const operations = new OperationColumns();
  for (const history of histories) {
    const before = processes.length;
    processes.push(...history.processes);
    const numbers = history.locations.map((location) => placeOf(location, locations, places));
    for (let index = 0; index < history.operations.length; index++) {
      const bytes = history.locations[history.operations.location[index] ?? 0]?.bytes ?? 8;
      const operation = history.operations.at(index, bytes);
      append(operations, { ...operation, process: operation.process + before, location: numbers[operation.location] ?? -1 }, bytes);
    }
  }
  return { processes, locations, operations };
}

function placeOf(location: Location, locations: Location[], places: Map<string, number>): number {
  const { region, offset, bytes, page } = location;
  const name = `${offset} ${bytes} ${region}`;
  const place = places.get(name);
  if (place === undefined) {
    places.set(name, locations.length);
    return locations.push(location) - 1;
  }
  const known = locations[place];
  if (known?.page !== page) {
    throw new PagewireError('bad-argument', `histories disagree on the page of ${region}[${offset}]: they are not of one memory`);
  }
  // Who recorded from the start knows what was there; the other did not.
  if (known.initial === undefined) locations[place] = location;
  return place;
}
