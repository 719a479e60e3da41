import {
  type Atomic,
  type AtomicOp,
  atomicsOver,
  checkAtomic,
  checkAtomicRange,
  checkRange,
  checkWitnessable,
  type Performed,
  type RegionAccess,
  type RegionAtomics,
  type RegionShape,
  type WitnessedAccess,
} from '@pagewire/protocol';
import type { CellValue, OperationKind } from './cell.js';
import { digestOf } from './digest.js';
import type { Operation } from './history.js';
import type { HistoryRecorder, RecordedProcess } from './recorder.js';

/** A region whose accesses can be witnessed: one of a client or of a node. */
export interface WitnessedRegion extends RegionShape {
  readonly witnessed: WitnessedAccess;
}

/** How a region is recorded. */
export interface RecordedRegionOptions {
  /** What stands for the bytes that a read or a write carries; at most 64 bits. Default {@link digestOf}. */
  readonly digest?: (bytes: Uint8Array) => CellValue;
  /** `unknown` where somebody may have written before the recording began. Default `zeros`, as a new region has them. */
  readonly initial?: 'zeros' | 'unknown';
  /** What the history calls the region. Default its name; another one for each region where several of one name follow each other. */
  readonly name?: string;
}

const kinds: Readonly<Record<AtomicOp, OperationKind>> = {
  load: 'read',
  store: 'write',
  add: 'add',
  sub: 'sub',
  and: 'and',
  or: 'or',
  xor: 'xor',
  exchange: 'exchange',
  compareExchange: 'compareExchange',
};

/** A region as one recorded process uses it. Every access is recorded, and is one location: do not mix cells and records that overlap. */
export class RecordedRegion implements RegionAccess {
  readonly name: string;
  readonly bytes: number;
  readonly pageBytes: number;
  readonly atomics: RegionAtomics = atomicsOver((offset, atomic) => this.#operate(offset, atomic));
  readonly #recorder: HistoryRecorder;
  readonly #process: RecordedProcess;
  readonly #region: WitnessedRegion;
  readonly #digest: (bytes: Uint8Array) => CellValue;
  readonly #initial: CellValue | undefined;
  readonly #recordedName: string;
  /** By offset; a location of another size is looked up each time. */
  readonly #locations = new Map<number, { readonly bytes: number; readonly number: number }>();

  /** Made by {@link RecordedProcess.over}. */
  constructor(recorder: HistoryRecorder, process: RecordedProcess, region: WitnessedRegion, options: RecordedRegionOptions) {
    this.name = region.name;
    this.bytes = region.bytes;
    this.pageBytes = region.pageBytes;
    this.#recorder = recorder;
    this.#process = process;
    this.#region = region;
    this.#digest = options.digest ?? digestOf;
    this.#recordedName = options.name ?? region.name;
    this.#initial = options.initial === 'unknown' ? undefined : 0;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.#check(offset, length);
    const deed = { kind: 'read', location: this.#location(offset, length) } as const;
    return this.#record(deed, (performed) => this.#region.witnessed.read(offset, length, performed), this.#digest);
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#check(offset, bytes.length);
    const deed = { kind: 'write', location: this.#location(offset, bytes.length), argument: this.#digest(bytes) } as const;
    return this.#record(deed, (performed) => this.#region.witnessed.write(offset, bytes, performed), nothing);
  }

  async #operate(offset: number, atomic: Atomic): Promise<number | bigint> {
    checkAtomicRange(this, offset, atomic.type);
    checkAtomic(atomic);
    const kind = kinds[atomic.op];
    const deed = {
      kind,
      location: this.#location(offset, atomic.type === 'bigint64' ? 8 : 4),
      ...(kind !== 'read' && { argument: atomic.operand }),
      ...(kind === 'compareExchange' && { replacement: atomic.replacement }),
    };
    const access = (performed: Performed) => this.#region.witnessed.operate(offset, atomic, performed);
    return this.#record(deed, access, kind === 'write' ? nothing : (before) => before);
  }

  async #record<T>(
    deed: Pick<Operation, 'kind' | 'location' | 'argument' | 'replacement'>,
    access: (performed: Performed) => Promise<T>,
    resultOf: (value: T) => CellValue | undefined,
  ): Promise<T> {
    const operation = this.#process.begin(deed);
    try {
      const value = await access((witness, confirmed) => this.#process.performed(operation, witness, confirmed));
      this.#process.completed(operation, resultOf(value));
      return value;
    } catch (error) {
      this.#process.rejected(operation, error, deed.kind);
      throw error;
    }
  }

  #check(offset: number, length: number): void {
    checkRange(this, offset, length);
    checkWitnessable(this, offset, length);
  }

  #location(offset: number, bytes: number): number {
    const seen = this.#locations.get(offset);
    if (seen?.bytes === bytes) return seen.number;
    const page = Math.floor(offset / this.pageBytes);
    const number = this.#recorder.location({ region: this.#recordedName, offset, bytes, page, initial: this.#initial });
    this.#locations.set(offset, { bytes, number });
    return number;
  }
}

const nothing = (): undefined => undefined;
