import { invalidArgument, UserfaultfdError } from './error.js';
import type { Memfd } from './memfd.js';
import { mapOver, maxMappingBytes, type Reservation, reserve } from './shared-mapping.js';

/**
 * The same frames as the app mapping, mapped once more and never registered: reading and writing here never faults. It is where the thread
 * that serves faults fills frames and copies them from.
 */
export class AliasMapping {
  /** A memfd of more than this is mapped in pieces of this many bytes, and a view cannot span two of them. 4 GiB. */
  static readonly pieceBytes = maxMappingBytes;

  readonly #bytes: number;
  #pieces: readonly SharedArrayBuffer[];

  private constructor(bytes: number, pieces: readonly SharedArrayBuffer[]) {
    this.#bytes = bytes;
    this.#pieces = pieces;
  }

  static of(memfd: Pick<Memfd, 'fd' | 'bytes'>): AliasMapping {
    const pieces: Reservation[] = [];
    for (let offset = 0; offset < memfd.bytes; offset += AliasMapping.pieceBytes) {
      const piece = reserve(Math.min(AliasMapping.pieceBytes, memfd.bytes - offset), 'growable');
      mapOver(piece, memfd.fd, offset);
      pieces.push(piece);
    }
    return new AliasMapping(
      memfd.bytes,
      pieces.map((piece) => piece.buffer),
    );
  }

  /** All of the memfd, where it has at most 4 GiB. */
  get bytes(): Uint8Array<SharedArrayBuffer> {
    if (this.#bytes > AliasMapping.pieceBytes) {
      throw invalidArgument(`The alias of ${this.#bytes} bytes is longer than one array of Node 20 can be; use view(offset, length).`);
    }
    return this.view(0, this.#bytes);
  }

  /** The memory itself, one buffer for each `pieceBytes`, to be posted to other threads. */
  get buffers(): readonly SharedArrayBuffer[] {
    this.#assertOpen();
    return this.#pieces;
  }

  /** `length` bytes from `offset` on. A view is as cheap as any typed array, and its memory stays mapped while it is referenced. */
  view(offset: number, length: number): Uint8Array<SharedArrayBuffer> {
    this.#assertOpen();
    const index = Math.floor(offset / AliasMapping.pieceBytes);
    const start = offset - index * AliasMapping.pieceBytes;
    const piece = this.#pieces[index];
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || length < 0 || !piece || start + length > piece.byteLength) {
      throw invalidArgument(
        `A view of ${length} bytes at ${offset} is not inside the alias of ${this.#bytes} bytes, or crosses a multiple of ` +
          `${AliasMapping.pieceBytes} bytes; ask for one view on each side.`,
      );
    }
    return new Uint8Array(piece, start, length);
  }

  /**
   * Gives no more views out. Views that are still in use, by a socket that has not sent them yet say, stay valid; the memory is unmapped
   * when the last of them is collected. To give the frames back at once, `punch` the memfd.
   */
  close(): void {
    this.#pieces = [];
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#pieces.length === 0) throw new UserfaultfdError('closed', 'The alias mapping has been closed.');
  }
}
