import { COMPARE_EXCHANGE, READ, WRITE } from '../cell.js';
import type { History, Location } from '../history.js';
import { known } from '../operation-columns.js';

/** `grid[64]`: the location at byte 64 of region "grid". */
export const nameOfLocation = ({ region, offset }: Location): string => `${region}[${offset}]`;

/** The how-manieth operation of its process this is, from 0. */
function placeInProcess({ operations }: History, index: number): number {
  const process = operations.process[index];
  let place = 0;
  for (let earlier = 0; earlier < index; earlier++) if (operations.process[earlier] === process) place += 1;
  return place;
}

/** `client 2 #14`. */
export function nameOfOperation(history: History, index: number): string {
  const process = history.processes[history.operations.process[index] ?? 0];
  return `${process?.name ?? '?'} #${placeInProcess(history, index)}`;
}

/** `write grid[64] = 7`, `read grid[64] → 7`, `add(1) grid[64] → 7`. */
export function deedOf(history: History, index: number): string {
  const { operations, locations } = history;
  const location = locations[operations.location[index] ?? 0];
  if (location === undefined) return '?';
  const { kind, argument, replacement, result } = operations.at(index, location.bytes);
  const where = nameOfLocation(location);
  const code = operations.kind[index] ?? READ;
  if (code === WRITE) return `write ${where} = ${argument}`;
  const returned = operations.knows(index, known.result) ? ` → ${result}` : '';
  if (code === READ) return `read ${where}${returned}`;
  return `${kind}(${argument}${code === COMPARE_EXCHANGE ? `, ${replacement}` : ''}) ${where}${returned}`;
}

/** An operation with all that is known of it, on one line. */
export function lineOf(history: History, index: number): string {
  const { operations } = history;
  const times = operations.knows(index, known.completed)
    ? `${operations.invoked[index]} to ${operations.completed[index]}`
    : `${operations.invoked[index]}, outcome unknown`;
  const witness = operations.knows(index, known.witness)
    ? `version ${operations.version[index]} by life ${operations.incarnation[index]}, serial ${operations.serial[index]}`
    : 'no witness';
  return `${nameOfOperation(history, index)}: ${deedOf(history, index)}   (${witness}; ${times})`;
}
