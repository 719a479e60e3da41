import {
  type Atomic,
  type AtomicOp,
  type AtomicType,
  type AtomicValue,
  checkAtomic,
  checkAtomicRange,
  checkRange,
  PagewireError,
  type RegionAccess,
  type RegionAtomics,
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
    if (!(bytes instanceof Uint8Array)) {
      throw new PagewireError('bad-argument', `write at ${offset} of region "${this.name}" needs a Uint8Array, not ${typeof bytes}`);
    }
    checkRange(this, offset, bytes.length);
    this.#checkAlive();
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

  #checkAlive(): void {
    if (this.#binding.gone !== undefined) throw this.#binding.gone;
  }

  #readPiece(target: Uint8Array, piece: Piece): Promise<void> {
    const { offset, length } = piece;
    const request = { kind: 'read', id: this.#session.nextId(), region: this.#binding.record.region, offset, length } as const;
    return this.#session.perform(request, (reply) => target.set(reply.content, piece.at), this.#binding);
  }

  async #writePiece(source: Uint8Array, piece: Piece, outcome: { begun: boolean }): Promise<void> {
    const content = source.subarray(piece.at, piece.at + piece.length);
    const request = {
      kind: 'write',
      id: this.#session.nextId(),
      region: this.#binding.record.region,
      offset: piece.offset,
      content,
    } as const;
    try {
      await this.#session.perform(request, () => undefined, this.#binding);
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
    } as const;
    // The session accepts only a reply whose value has the type that `type` speaks.
    return this.#session.perform(request, (reply) => reply.value as AtomicValue<T>, this.#binding);
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
