import { limits } from '@pagewire/protocol';
import { clientDefaults } from './connect-options.js';

/** A part of a range that fits one operation. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
  /** Where the piece starts in the whole range. */
  readonly at: number;
}

/** Splits a range at page borders into parts of at most `limits.maxOperationBytes`, so that no page is split that one operation could cover. */
export function splitRange(pageBytes: number, offset: number, length: number): Piece[] {
  if (length === 0) return [];
  if (length <= limits.maxOperationBytes) return [{ offset, length, at: 0 }];
  const pieces: Piece[] = [];
  const end = offset + length;
  for (let start = offset; start < end; ) {
    const full = start + limits.maxOperationBytes;
    const next = Math.min(end, full - (full % pageBytes));
    pieces.push({ offset: start, length: next - start, at: start - offset });
    start = next;
  }
  return pieces;
}

/**
 * Runs `each` for every piece, `clientDefaults.piecesAtOnce` at a time. After a failure no further piece is started; it ends, with the first
 * failure, when all that were started have ended, so that nothing goes on behind the caller's back.
 */
export async function inPieces(pieces: readonly Piece[], each: (piece: Piece) => Promise<void>): Promise<void> {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return each(only);
  let next = 0;
  const failures: unknown[] = [];
  const runner = async () => {
    for (let piece = pieces[next++]; piece !== undefined && failures.length === 0; piece = pieces[next++]) {
      try {
        await each(piece);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(clientDefaults.piecesAtOnce, pieces.length) }, runner));
  if (failures.length > 0) throw failures[0];
}
