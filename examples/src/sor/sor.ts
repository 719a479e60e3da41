import { defineExample, type Opened } from '../example.js';
import { type Band, bandOf, bandsOf, PageLayout } from '../page-layout.js';
import { count, sameBits } from '../same-bits.js';
import type { Team } from '../team/team.js';
import { heatMap } from './heat-map.js';
import { bestOmega, type Colour, cellsOf, colours, type HalfRow, heatUp, type Plate, plainPlate, relax } from './plate.js';

interface Plan {
  readonly size: number;
  readonly iterations: number;
  readonly omega: number;
  /** The rows of each member. */
  readonly bands: readonly Band[];
  /** Where each member's rows of each colour begin, in bytes. */
  readonly offsets: readonly (readonly [number, number])[];
  readonly bytes: number;
}

/** Heat on a plate, solved by red-black successive over-relaxation: members own bands of rows and read their neighbours' edges. */
export const sor = defineExample({
  name: 'sor',
  about: 'heat on a plate: red-black successive over-relaxation',
  compares: 'speed-up',
  settings: {
    size: { about: 'cells each way, even', usual: 1024, quick: 256, most: 16_384 },
    iterations: { about: 'sweeps over both colours', usual: 100, quick: 20 },
  },
  check({ size }) {
    if (size % 2 !== 0 || size < 4) throw new RangeError(`--size is an even number of 4 or more, not ${size}`);
  },
  async prepare({ size, iterations }, members): Promise<Plan> {
    const bands = bandsOf(size, members);
    const layout = new PageLayout();
    const halfRowBytes = (size / 2) * Float64Array.BYTES_PER_ELEMENT;
    // Each colour of each band begins a page. While red cells change only black ones are read, so no page is written by one member and read
    // by another in one half-sweep, and each edge travels once. Interleaved colours would move the edge's pages back and forth meanwhile.
    const offsets = bands.map(
      ({ from, to }) => [layout.take((to - from) * halfRowBytes), layout.take((to - from) * halfRowBytes)] as const,
    );
    return { size, iterations, omega: bestOmega(size), bands, offsets, bytes: layout.bytes };
  },
  serial({ size, iterations, omega }) {
    const plate = plainPlate(size);
    heatUp(plate, 0, size);
    return {
      compute() {
        for (let sweep = 0; sweep < iterations; sweep += 1) {
          for (const colour of colours) relax(plate, colour, 0, size, omega);
        }
      },
      collect: () => cellsOf(plate),
    };
  },
  async open(plan, team): Promise<Opened<Float64Array>> {
    const plate = sharedPlate(plan, await team.share('plate', plan.bytes));
    const { from, to } = bandOf(plan.bands, team.rank);
    return {
      place: () => heatUp(plate, from, to),
      compute: () => relaxTogether(plan, plate, team),
      collect: () => cellsOf(plate),
    };
  },
  compare: (_, expected, actual) => sameBits('cells', expected, actual),
  show: ({ size, iterations }, cells) => [
    `plate of ${count(size)} × ${count(size)} after ${count(iterations)} sweeps: ${cells[(size / 2) * size + size / 2]?.toFixed(4)} degrees in the middle`,
  ],
  picture: ({ size }, cells) => heatMap(size, cells),
});

/** All members meet after each colour: the next one reads what this one wrote. */
async function relaxTogether({ iterations, omega, bands }: Plan, plate: Plate, team: Team): Promise<void> {
  const { from, to } = bandOf(bands, team.rank);
  for (let sweep = 0; sweep < iterations; sweep += 1) {
    for (const colour of colours) {
      relax(plate, colour, from, to, omega);
      await team.barrier();
    }
  }
}

/** Every row of the shared plate; making a view touches no page. */
function sharedPlate({ size, bands, offsets }: Plan, buffer: SharedArrayBuffer): Plate {
  const rowsOf = (colour: Colour): HalfRow[] =>
    bands.flatMap(({ from, to }, member) => {
      const start = offsets[member]?.[colour] ?? 0;
      return Array.from({ length: to - from }, (_, row) => new Float64Array(buffer, start + row * (size / 2) * 8, size / 2));
    });
  return { size, rows: [rowsOf(0), rowsOf(1)] };
}
