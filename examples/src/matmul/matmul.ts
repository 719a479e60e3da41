import { defineExample, type Opened } from '../example.js';
import { gathered } from '../gathered.js';
import { type Band, bandOf, bandsOf, PageLayout } from '../page-layout.js';
import { count, sameBits } from '../same-bits.js';
import { seededRandom } from '../seeded-random.js';
import { multiply } from './multiply.js';

interface Plan {
  readonly size: number;
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly bands: readonly Band[];
  readonly offsets: { readonly left: number; readonly right: number; readonly bands: readonly number[] };
  readonly bytes: number;
}

/** Member 0 owns both factors, each member makes a band of rows of the product and faults in what it reads for that. */
export const matmul = defineExample({
  name: 'matmul',
  about: 'blocked multiplication of two square matrices of doubles',
  compares: 'speed-up',
  settings: {
    size: { about: 'rows and columns', usual: 640, quick: 128, most: 8192 },
    seed: { about: 'of the random matrices', usual: 1, quick: 1 },
  },
  async prepare({ size, seed }, members): Promise<Plan> {
    const random = seededRandom(seed);
    const matrix = (): Float64Array => Float64Array.from({ length: size * size }, () => random() - 0.5);
    const [left, right, bands, layout] = [matrix(), matrix(), bandsOf(size, members), new PageLayout()];
    const offsets = {
      left: layout.take(left.byteLength),
      right: layout.take(right.byteLength),
      // The factors are only read, so it does not matter who shares their pages. The product is written: a page of it has one writer.
      bands: bands.map(({ from, to }) => layout.take((to - from) * size * Float64Array.BYTES_PER_ELEMENT)),
    };
    return { size, left, right, bands, offsets, bytes: layout.bytes };
  },
  serial({ size, left, right }) {
    const product = new Float64Array(size * size);
    return {
      compute: () => multiply({ left, right, product, rows: size, size }),
      collect: () => product,
    };
  },
  async open(plan, team): Promise<Opened<Float64Array>> {
    const { size, offsets, bands } = plan;
    const buffer = await team.share('matrices', plan.bytes);
    const [left, right] = [new Float64Array(buffer, offsets.left, size * size), new Float64Array(buffer, offsets.right, size * size)];
    const products = bands.map(({ from, to }, member) => new Float64Array(buffer, offsets.bands[member], (to - from) * size));
    const own = products[team.rank] ?? new Float64Array(0);
    const { from, to } = bandOf(bands, team.rank);
    return {
      place() {
        own.fill(0);
        if (team.rank !== 0) return;
        left.set(plan.left);
        right.set(plan.right);
      },
      compute: async () => multiply({ left: left.subarray(from * size, to * size), right, product: own, rows: to - from, size }),
      collect: () => gathered(products),
    };
  },
  compare: (_, expected, actual) => sameBits('cells', expected, actual),
  show: ({ size }, product) => [`product of two ${count(size)} × ${count(size)} matrices; its trace is ${trace(size, product).toFixed(6)}`],
});

function trace(size: number, matrix: Float64Array): number {
  return Array.from({ length: size }, (_, index) => matrix[index * size + index] ?? 0).reduce((sum, value) => sum + value, 0);
}
