import { types } from 'node:util';
import {
  type Atomic,
  type AtomicOp,
  type AtomicType,
  type AtomicValue,
  checkAtomic,
  checkAtomicRange,
  checkPerformed,
  checkRange,
  checkWitnessable,
  PagewireError,
  type Performed,
  type RegionAccess,
  type RegionAtomics,
  showValue,
  type Witness,
  type WitnessedAccess,
} from '@pagewire/protocol';
import { inPieces, type Piece, splitRange } from './pieces.js';
import type { RegionBinding } from './region-binding.js';
import type { Session } from './session.js';

/**
 * A region as a client sees it: every access is a question to the node. Operations that are awaited one after the other take effect in
 * that order. Ones started without waiting run together; of those, the node keeps the order only among operations on the same page.
 */
export class ClientRegion implements RegionAccess {
  readonly name: string;
  readonly bytes: number;
  readonly pageBytes: number;
  readonly atomics: RegionAtomics;
  /** The same accesses with a witness for each, for histories that are checked afterwards. */
  readonly witnessed: WitnessedAccess = {
    read: (offset, length, performed) => this.#readWitnessed(offset, length, performed),
    write: (offset, bytes, performed) => this.#writeWitnessed(offset, bytes, performed),
    operate: (offset, atomic, performed) => this.#operateWitnessed(offset, atomic, performed),
  };
  readonly #session: Session;
  readonly #binding: RegionBinding;

  /** Made by `Client.region`. */
  constructor(session: Session, binding: RegionBinding) {
    this.name = binding.record.name;
    this.bytes = binding.record.bytes;
    this.pageBytes = binding.record.pageBytes;
    this.#session = session;
    this.#binding = binding;
    this.atomics = atomicsOf((op, type, offset, operand, replacement) => this.#operate(op, type, offset, operand, replacement));
  }

  /**
   * Resolves with `length` bytes from `offset`. More than `limits.maxOperationBytes` travel as several operations, each on whole pages. A
   * read that a broken connection cut short is asked again on the next one.
   */
  async read(offset: number, length: number): Promise<Uint8Array> {
    checkRange(this, offset, length);
    this.#checkAlive();
    const bytes = new Uint8Array(length);
    await inPieces(splitRange(this.pageBytes, offset, length), (piece) => this.#readPiece(bytes, piece));
    return bytes;
  }

  /**
   * Writes `bytes`, as they are at the call, at `offset`. More than `limits.maxOperationBytes` travel as several operations, each on whole pages. Fails with `outcome-unknown` when some of it may have been written and the rest was not.
   */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    this.#checkWrite(offset, bytes);
    const pieces = splitRange(this.pageBytes, offset, bytes.length);
    const outcome = { begun: false };
    // The pieces of a long write are sent one after the other, and the caller may change its bytes meanwhile.
    const own = pieces.length > 1 ? new Uint8Array(bytes) : bytes;
    try {
      await inPieces(pieces, (piece) => this.#writePiece(own, piece, outcome));
    } catch (error) {
      throw pieces.length > 1 && outcome.begun ? this.#partly(error, offset, bytes.length) : error;
    }
  }

  async #operateWitnessed(offset: number, atomic: Atomic, performed: Performed): Promise<AtomicValue> {
    checkPerformed(performed);
    if (typeof atomic !== 'object' || atomic === null) {
      throw new PagewireError('bad-argument', `an atomic is given as an object, not as ${showValue(atomic)}`);
    }
    const { op, type, operand, replacement } = atomic;
    return this.#operate(op, type, offset, operand, replacement, performed);
  }

  async #readWitnessed(offset: number, length: number, performed: Performed): Promise<Uint8Array> {
    checkPerformed(performed);
    checkRange(this, offset, length);
    checkWitnessable(this, offset, length);
    this.#checkAlive();
    const bytes = new Uint8Array(length);
    await this.#readPiece(bytes, { offset, length, at: 0 }, performed);
    return bytes;
  }

  async #writeWitnessed(offset: number, bytes: Uint8Array, performed: Performed): Promise<void> {
    checkPerformed(performed);
    this.#checkWrite(offset, bytes);
    checkWitnessable(this, offset, bytes.length);
    await this.#writePiece(bytes, { offset, length: bytes.length, at: 0 }, { begun: false }, performed);
  }

  #checkWrite(offset: number, bytes: Uint8Array): void {
    if (!types.isUint8Array(bytes)) {
      throw new PagewireError(
        'bad-argument',
        `write at ${showValue(offset)} of region "${this.name}" needs a Uint8Array, not ${showValue(bytes)}`,
      );
    }
    checkRange(this, offset, bytes.length);
    this.#checkAlive();
  }

  #checkAlive(): void {
    if (this.#binding.gone !== undefined) throw this.#binding.gone;
  }

  #readPiece(target: Uint8Array, piece: Piece, performed?: Performed): Promise<void> {
    const request = {
      kind: 'read',
      id: this.#session.nextId(),
      region: this.#binding.record.region,
      offset: piece.offset,
      length: piece.length,
      witness: askedFor(performed),
    } as const;
    const take = (reply: { readonly content: Uint8Array; readonly witness?: Witness | undefined }): void => {
      target.set(reply.content, piece.at);
      tell(performed, reply);
    };
    return this.#session.perform(request, take, this.#binding);
  }

  async #writePiece(source: Uint8Array, piece: Piece, outcome: { begun: boolean }, performed?: Performed): Promise<void> {
    const content = source.subarray(piece.at, piece.at + piece.length);
    const request = {
      kind: 'write',
      id: this.#session.nextId(),
      region: this.#binding.record.region,
      offset: piece.offset,
      content,
      witness: askedFor(performed),
    } as const;
    try {
      await this.#session.perform(request, (reply) => tell(performed, reply), this.#binding);
      outcome.begun = true;
    } catch (error) {
      if (error instanceof PagewireError && error.code === 'outcome-unknown') outcome.begun = true;
      throw error;
    }
  }

  /** Codes that promise that nothing was started would be wrong for a write of which some piece was done. */
  #partly(error: unknown, offset: number, length: number): unknown {
    if (!(error instanceof PagewireError) || !['overloaded', 'unreachable', 'timeout', 'closed'].includes(error.code)) return error;
    const what = `write of ${length} bytes at ${offset} of region "${this.name}"`;
    return new PagewireError('outcome-unknown', `${what} was done in part (${error.message}); look before doing it again`, {
      cause: error,
    });
  }

  async #operate<T extends AtomicType>(
    op: AtomicOp,
    type: T,
    offset: number,
    operand: AtomicValue,
    replacement: AtomicValue,
    performed?: Performed,
  ): Promise<AtomicValue<T>> {
    checkAtomicRange(this, offset, type);
    const atomic: Atomic = { op, type, operand, replacement };
    checkAtomic(atomic);
    this.#checkAlive();
    const request = {
      kind: 'operate',
      id: this.#session.nextId(),
      region: this.#binding.record.region,
      offset,
      atomic,
      witness: askedFor(performed),
    } as const;
    const take = (reply: { readonly value: number | bigint; readonly witness?: Witness | undefined }): AtomicValue<T> => {
      tell(performed, reply);
      // The session accepts only a reply whose value has the type that `type` speaks.
      return reply.value as AtomicValue<T>;
    };
    return this.#session.perform(request, take, this.#binding);
  }
}

/** Nothing rather than `false`, which would travel. */
const askedFor = (performed: Performed | undefined): true | undefined => (performed === undefined ? undefined : true);

/** What a node answers to its clients is confirmed. */
function tell(performed: Performed | undefined, { witness }: { readonly witness?: Witness | undefined }): void {
  if (witness === undefined) return;
  try {
    performed?.(witness);
  } catch (error) {
    // The program's error, not one of the connection, which is in the middle of something.
    queueMicrotask(() => {
      throw error;
    });
  }
}

type Operate = <T extends AtomicType>(
  op: AtomicOp,
  type: T,
  offset: number,
  operand: AtomicValue,
  replacement: AtomicValue,
) => Promise<AtomicValue<T>>;

const zeroOf = (type: AtomicType): AtomicValue => (type === 'bigint64' ? 0n : 0);

function atomicsOf(operate: Operate): RegionAtomics {
  const withOne =
    (op: AtomicOp) =>
    <T extends AtomicType>(type: T, offset: number, value: AtomicValue<T>): Promise<AtomicValue<T>> =>
      operate(op, type, offset, value, zeroOf(type));
  return {
    load: (type, offset) => operate('load', type, offset, zeroOf(type), zeroOf(type)),
    store: withOne('store'),
    add: withOne('add'),
    sub: withOne('sub'),
    and: withOne('and'),
    or: withOne('or'),
    xor: withOne('xor'),
    exchange: withOne('exchange'),
    compareExchange: (type, offset, expected, replacement) => operate('compareExchange', type, offset, expected, replacement),
  };
}
