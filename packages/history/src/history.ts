import type { CellValue, OperationKind } from './cell.js';
import { known, OperationColumns } from './operation-columns.js';

/** A sequential caller: it begins an operation when the one before has ended. A program with several in flight is several processes. */
export interface Process {
  readonly name: string;
  /** Times of processes with the same number were read from one clock, so that they can be compared. */
  readonly clock: number;
}

/** A cell or a record of a region. Locations of one history do not overlap, and each lies on one page. */
export interface Location {
  readonly region: string;
  /** First byte in the region. */
  readonly offset: number;
  readonly bytes: number;
  /** The page of the region that it lies on: pages are what witnesses order. */
  readonly page: number;
  /** What it held before the first operation; `undefined` when that is not known, and the first read tells. */
  readonly initial: CellValue | undefined;
}

/** When a node performed an operation: see `Witness` of `@pagewire/protocol`. */
export interface OperationWitness {
  readonly incarnation: number;
  readonly version: number;
  readonly serial: number;
}

/**
 * `ok`: it happened, and lasts. `failed`: it did not happen. `unknown`: it may have happened, or may still. One of unknown outcome that has a
 * `completed` and a witness ended well for its process, but its node ended before anybody else could depend on it.
 */
export type Outcome = 'ok' | 'failed' | 'unknown';

/** One operation. `process` and `location` are places in the lists of the history. */
export interface Operation {
  readonly process: number;
  readonly kind: OperationKind;
  readonly location: number;
  /** What a write writes, or the operand; what a compareExchange expects. Absent for a read. */
  readonly argument?: CellValue;
  /** What a compareExchange writes. */
  readonly replacement?: CellValue;
  /** What was read, or was there before. Absent for a write, and where it was never learnt. */
  readonly result?: CellValue;
  /** By the clock of the process; the unit is anybody's. */
  readonly invoked: number;
  readonly completed?: number;
  readonly outcome: Outcome;
  readonly witness?: OperationWitness;
}

/** What several processes did to shared memory, and what they saw. The operations of each process stand in its order. */
export interface History {
  readonly processes: readonly Process[];
  readonly locations: readonly Location[];
  readonly operations: OperationColumns;
}

/** A history made of objects. */
export function historyOf(parts: {
  readonly processes: readonly Process[];
  readonly locations: readonly Location[];
  readonly operations: Iterable<Operation>;
}): History {
  const { processes, locations } = parts;
  const operations = new OperationColumns();
  for (const operation of parts.operations) append(operations, operation, locations[operation.location]?.bytes ?? 8);
  return { processes, locations, operations };
}

/** The operations of a history as objects. */
export function operationsOf({ locations, operations }: History): Operation[] {
  return Array.from({ length: operations.length }, (_, index) =>
    operations.at(index, locations[operations.location[index] ?? 0]?.bytes ?? 8),
  );
}

/** Appends one operation to columns. */
export function append(columns: OperationColumns, operation: Operation, bytes: number): void {
  const index = columns.push(operation, bytes);
  if (operation.result !== undefined) columns.setResult(index, operation.result, bytes);
  if (operation.witness !== undefined) columns.setWitness(index, operation.witness);
  if (operation.completed !== undefined) columns.setCompleted(index, operation.completed);
  if (operation.outcome === 'ok') columns.learn(index, known.confirmed);
  if (operation.outcome === 'failed') columns.learn(index, known.failed);
}
