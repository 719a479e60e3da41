/** The two colours of the cells, as on a chess board: cells of one colour depend on cells of the other one alone. */
export const colours = [0, 1] as const;
export type Colour = (typeof colours)[number];

/** The cells of one colour of one row, side by side: cell k is in column 2k or 2k + 1. */
export type HalfRow = Float64Array;

/** A square plate as rows of each colour; where the rows lie in memory is their maker's business. */
export interface Plate {
  /** Cells each way, the rim included; even. */
  readonly size: number;
  readonly rows: readonly [readonly HalfRow[], readonly HalfRow[]];
}

/** A plate in one piece of private memory. */
export function plainPlate(size: number): Plate {
  const rowsOfOne = (): HalfRow[] => Array.from({ length: size }, () => new Float64Array(size / 2));
  return { size, rows: [rowsOfOne(), rowsOfOne()] };
}

/** The column of cell `k` of a colour's half-row. */
function columnOf(row: number, colour: Colour, k: number): number {
  return 2 * k + ((row + colour) & 1);
}

/** Degrees at the start, which the rim keeps: one arch of heat along the upper side, two along the lower, an even fall between them. */
function startingHeat(size: number, row: number, column: number): number {
  const [x, y] = [column / (size - 1), row / (size - 1)];
  return (1 - y) * 100 * Math.sin(Math.PI * x) + y * 60 * Math.sin(2 * Math.PI * x) ** 2;
}

/** Writes the start into rows `from` to `to`. */
export function heatUp({ size, rows }: Plate, from: number, to: number): void {
  for (const colour of colours) {
    for (let row = from; row < to; row += 1) {
      const cells = rows[colour][row];
      if (cells === undefined) continue;
      for (let k = 0; k < cells.length; k += 1) cells[k] = startingHeat(size, row, columnOf(row, colour, k));
    }
  }
}

/**
 * The factor by which each step goes beyond the mean of the neighbours. The best one for a square: D. M. Young, Iterative Solution of Large
 * Linear Systems (1971), chapter 6.
 */
export function bestOmega(size: number): number {
  return 2 / (1 + Math.sin(Math.PI / (size - 1)));
}

/** Relaxes the cells of one colour in rows `from` to `to`, the rim left alone. They read cells of the other colour only, so their order is free. */
export function relax({ size, rows }: Plate, colour: Colour, from: number, to: number, omega: number): void {
  const [own, other] = [rows[colour], rows[colour === 0 ? 1 : 0]];
  for (let row = Math.max(from, 1); row < Math.min(to, size - 1); row += 1) {
    const [cells, beside, above, below] = [own[row], other[row], other[row - 1], other[row + 1]];
    if (cells === undefined || beside === undefined || above === undefined || below === undefined) {
      throw new RangeError(`row ${row} cannot be relaxed without it and its neighbours`);
    }
    relaxHalfRow(cells, { beside, above, below, odd: (row + colour) & 1 }, omega);
  }
}

interface Neighbours {
  readonly beside: HalfRow;
  readonly above: HalfRow;
  readonly below: HalfRow;
  /** 1 when the cells are in odd columns: their left neighbour has the same number as they. */
  readonly odd: number;
}

function relaxHalfRow(cells: HalfRow, { beside, above, below, odd }: Neighbours, omega: number): void {
  const quarter = omega / 4;
  const keep = 1 - omega;
  // Columns 0 and size - 1 are rim.
  const first = odd === 1 ? 0 : 1;
  const last = cells.length - odd;
  for (let k = first; k < last; k += 1) {
    // Within the rows by the bounds above; `?? 0` would cost the loop a third of its speed.
    const around = (above[k] as number) + (below[k] as number) + (beside[k + odd - 1] as number) + (beside[k + odd] as number);
    cells[k] = keep * (cells[k] as number) + quarter * around;
  }
}

/** All cells, row by row. */
export function cellsOf({ size, rows }: Plate): Float64Array {
  const cells = new Float64Array(size * size);
  for (const colour of colours) {
    rows[colour].forEach((half, row) => {
      half.forEach((value, k) => {
        cells[row * size + columnOf(row, colour, k)] = value;
      });
    });
  }
  return cells;
}
