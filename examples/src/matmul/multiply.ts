/** A block of the right factor: 64 rows of 256 columns of doubles are 128 KiB, which a core's second cache holds. */
const BLOCK_ROWS = 64;
const BLOCK_COLUMNS = 256;

export interface Multiplication {
  /** `rows` rows of `size` cells. */
  readonly left: Float64Array;
  /** `size` rows of `size` cells. */
  readonly right: Float64Array;
  /** `rows` rows of `size` cells; zeros before. */
  readonly product: Float64Array;
  readonly rows: number;
  readonly size: number;
}

/**
 * Adds left × right to the product. Whatever the blocks and however many rows there are, the terms of one cell are added in the order of the
 * rows of `right`: a band of a product has the same bits as those rows of the whole.
 */
export function multiply(multiplication: Multiplication): void {
  const { size } = multiplication;
  for (let k = 0; k < size; k += BLOCK_ROWS) {
    for (let column = 0; column < size; column += BLOCK_COLUMNS) {
      addBlock(multiplication, { k, kEnd: Math.min(k + BLOCK_ROWS, size), column, columnEnd: Math.min(column + BLOCK_COLUMNS, size) });
    }
  }
}

interface Block {
  readonly k: number;
  readonly kEnd: number;
  readonly column: number;
  readonly columnEnd: number;
}

function addBlock({ left, right, product, rows, size }: Multiplication, { k: first, kEnd, column, columnEnd }: Block): void {
  for (let row = 0; row < rows; row += 1) {
    for (let k = first; k < kEnd; k += 1) {
      // Every index is inside by the bounds of the loops; a fallback for undefined in the innermost one would double its time.
      const factor = left[row * size + k] as number;
      const from = k * size;
      const to = row * size;
      for (let j = column; j < columnEnd; j += 1) product[to + j] = (product[to + j] as number) + factor * (right[from + j] as number);
    }
  }
}
