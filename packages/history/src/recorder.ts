import { type ErrorCode, isErrorCode, PagewireError } from '@pagewire/protocol';
import type { CellValue } from './cell.js';
import type { History, Location, Operation, OperationWitness, Process } from './history.js';
import { known, OperationColumns } from './operation-columns.js';
import { RecordedRegion, type RecordedRegionOptions, type WitnessedRegion } from './recorded-region.js';

/** How to record. */
export interface RecorderOptions {
  /**
   * A clock that never goes back. Default: nanoseconds of the monotonic clock of the machine, which all processes on it share; their histories can
   * be merged.
   */
  readonly now?: () => number;
  /** Operations to keep; the history ends at the one that would be too many. About 74 bytes each, taken as they come. Default 4 million. */
  readonly maxOperations?: number;
}

/** Stands for an operation that came after the end of the history. */
const NOT_RECORDED = -1;

const monotonicNs = (): number => Number(process.hrtime.bigint());

/** What a failed write did not do: these codes say that it was refused. Any other may have left it done. */
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['overloaded', 'bad-argument', 'out-of-range', 'misaligned', 'unsupported']);

/** Records what processes do to shared memory, for {@link checkHistory}. Bounded: when it is full the history has ended, and is still sound. */
export class HistoryRecorder {
  readonly #now: () => number;
  readonly #maxOperations: number;
  readonly #processes: Process[] = [];
  readonly #locations: Location[] = [];
  readonly #places = new Map<string, number>();
  readonly #operations = new OperationColumns();
  #isFull = false;

  constructor(options: RecorderOptions = {}) {
    this.#now = options.now ?? monotonicNs;
    this.#maxOperations = options.maxOperations ?? 4_000_000;
  }

  /** True once an operation was not recorded because there were too many: the history ends there, as if everything had stopped. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get length(): number {
    return this.#operations.length;
  }

  /** A new sequential caller. Times of processes of one `clock` are compared. */
  process(name: string, clock = 0): RecordedProcess {
    const number = this.#processes.push({ name, clock }) - 1;
    return new RecordedProcess(this, number);
  }

  /** The number of a location, which is made when it is first named. */
  location(location: Location): number {
    const name = `${location.offset} ${location.bytes} ${location.region}`;
    const place = this.#places.get(name) ?? this.#locations.push(location) - 1;
    this.#places.set(name, place);
    return place;
  }

  /** What was recorded so far; what is under way has an unknown outcome. It shares the recorder's memory, so do not record on while it is in use. */
  history(): History {
    return { processes: this.#processes, locations: this.#locations, operations: this.#operations };
  }

  /** For {@link RecordedProcess}. */
  begin(operation: Pick<Operation, 'process' | 'kind' | 'location' | 'argument' | 'replacement'>): number {
    if (this.#isFull || this.#operations.length >= this.#maxOperations) {
      this.#isFull = true;
      return NOT_RECORDED;
    }
    return this.#operations.push({ ...operation, invoked: this.#now() }, this.#bytesAt(operation.location));
  }

  /** For {@link RecordedProcess}. */
  performed(index: number, witness: OperationWitness, confirmed: Promise<void> | undefined): void {
    if (this.#isOver(index)) return;
    this.#operations.setWitness(index, witness);
    if (confirmed === undefined) this.#operations.learn(index, known.confirmed);
    else {
      confirmed.then(
        () => this.#operations.learn(index, known.confirmed),
        // The node has ended first: whether others have seen it is what the checker finds out.
        () => {},
      );
    }
  }

  /** For {@link RecordedProcess}. */
  completed(index: number, result: CellValue | undefined): void {
    if (this.#isOver(index)) return;
    if (result !== undefined) this.#operations.setResult(index, result, this.#bytesAt(this.#operations.location[index] ?? 0));
    this.#operations.setCompleted(index, this.#now());
  }

  /** For {@link RecordedProcess}. */
  failed(index: number): void {
    if (!this.#isOver(index)) this.#operations.learn(index, known.failed);
  }

  /** What was under way when the history ended may depend on what came later. */
  #isOver(index: number): boolean {
    return this.#isFull || index === NOT_RECORDED;
  }

  #bytesAt(location: number): number {
    return this.#locations[location]?.bytes ?? 8;
  }
}

/** One sequential caller of a recording: it begins an operation when the one before has ended or was given up. */
export class RecordedProcess {
  readonly #recorder: HistoryRecorder;
  readonly #number: number;
  #isBusy = false;

  /** Made by {@link HistoryRecorder.process}. */
  constructor(recorder: HistoryRecorder, number: number) {
    this.#recorder = recorder;
    this.#number = number;
  }

  /** The region as this process uses it: every access is recorded. Each lies on one page, as accesses with witnesses do. */
  over(region: WitnessedRegion, options: RecordedRegionOptions = {}): RecordedRegion {
    return new RecordedRegion(this.#recorder, this, region, options);
  }

  /** An operation begins now. Answers its number for the calls below. Throws `bad-argument` while another one is under way. */
  begin(operation: Pick<Operation, 'kind' | 'location' | 'argument' | 'replacement'>): number {
    if (this.#isBusy) {
      const message = 'a recorded process has an operation under way: record each lane of a program as a process of its own';
      throw new PagewireError('bad-argument', message);
    }
    this.#isBusy = true;
    return this.#recorder.begin({ ...operation, process: this.#number });
  }

  /** The operation was performed, and lasts when `confirmed` resolves, or does already. */
  performed(operation: number, witness: OperationWitness, confirmed?: Promise<void>): void {
    this.#recorder.performed(operation, witness, confirmed);
  }

  /** The operation ended well, with `result` unless it is a write. */
  completed(operation: number, result?: CellValue): void {
    this.#isBusy = false;
    this.#recorder.completed(operation, result);
  }

  /** The operation did not happen: it was refused, or it is a read, of which nothing is left. */
  failed(operation: number): void {
    this.#isBusy = false;
    this.#recorder.failed(operation);
  }

  /** Nobody waits for the operation any longer; it may have happened, or may still. */
  gaveUp(_operation: number): void {
    this.#isBusy = false;
  }

  /** The operation ended with this error. */
  rejected(operation: number, error: unknown, kind: Operation['kind']): void {
    const code = codeOfError(error);
    const isRefusal = code !== undefined && refusals.has(code);
    if (kind === 'read' || isRefusal) this.failed(operation);
    else this.gaveUp(operation);
  }
}

/** The code of a `PagewireError`, also of one that comes from another copy of its class. */
const codeOfError = (error: unknown): ErrorCode | undefined =>
  error instanceof Error && error.name === 'PagewireError' && 'code' in error && isErrorCode(error.code) ? error.code : undefined;
