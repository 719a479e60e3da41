import { flightFeatures } from '../data/flights.js';
import { defineExample, type Opened, type Serial } from '../example.js';
import type { Verdict } from '../outcome.js';
import { type Band, bandOf, bandsOf, PageLayout } from '../page-layout.js';
import { count, sameBits } from '../same-bits.js';
import type { Team } from '../team/team.js';
import { chosenCentroids, type FlightPoints, flightPoints } from './flight-points.js';
import { assignBlock, BLOCK_POINTS, moveCentroids, partialLength, type Shape } from './lloyd.js';

interface Plan {
  readonly points: FlightPoints;
  readonly shape: Shape;
  readonly rounds: number;
  readonly start: Float64Array;
  /** The blocks of each member. */
  readonly bands: readonly Band[];
  readonly offsets: Offsets;
  readonly bytes: number;
}

/** In bytes; those in lists are one for each member. */
interface Offsets {
  readonly points: number;
  readonly labels: readonly number[];
  /** The partial sums of even and of odd rounds. */
  readonly partials: readonly [readonly number[], readonly number[]];
}

interface Clustering {
  readonly centroids: Float64Array;
  readonly labels: Uint8Array;
  readonly rounds: number;
}

/** Clusters of flights by delay, distance and time of day. Member 0 loads the points; the others fault in those they work on. */
export const kmeans = defineExample({
  name: 'kmeans',
  about: 'clusters of 200 000 flights by delay, distance and time of day',
  compares: 'speed-up',
  settings: {
    points: { about: 'flights, at most 200 000', usual: 200_000, quick: 20_000 },
    clusters: { about: 'of flights', usual: 12, quick: 5, most: 255 },
    rounds: { about: 'at most; fewer when no flight changes clusters any more', usual: 20, quick: 10 },
    seed: { about: 'of the choice of the first centroids', usual: 1, quick: 1 },
  },
  check({ points, clusters }) {
    if (clusters > points) throw new RangeError(`--clusters is at most the number of points, ${points}, not ${clusters}`);
  },
  async prepare({ points: atMost, clusters, rounds, seed }, members): Promise<Plan> {
    const points = flightPoints(atMost);
    const shape = { clusters, dimensions: points.dimensions };
    const bands = bandsOf(Math.ceil(points.count / BLOCK_POINTS), members);
    return { points, shape, rounds, bands, start: chosenCentroids(points, clusters, seed), ...layOut(points, shape, bands) };
  },
  serial: serialClustering,
  async open(plan, team): Promise<Opened<Clustering>> {
    return openClustering(plan, team, await team.share('clustering', plan.bytes));
  },
  compare: (_, expected, actual) => compareClusterings(expected, actual),
  show: describeClusters,
});

const UNASSIGNED = 255;

function layOut(points: FlightPoints, shape: Shape, bands: readonly Band[]): { offsets: Offsets; bytes: number } {
  const layout = new PageLayout();
  const partialsOf = ({ from, to }: Band): number => layout.take((to - from) * partialLength(shape) * Float64Array.BYTES_PER_ELEMENT);
  const offsets: Offsets = {
    // A block of points is whole pages, so each page of points has one reader.
    points: layout.take(points.values.byteLength),
    // Labels and partial sums are written in every round: each member's begin a page, because a page has one writer at a time.
    labels: bands.map(({ from, to }) => layout.take((to - from) * BLOCK_POINTS)),
    partials: [bands.map(partialsOf), bands.map(partialsOf)],
  };
  return { offsets, bytes: layout.bytes };
}

function serialClustering(plan: Plan): Serial<Clustering> {
  const { points, shape, bands } = plan;
  const labels = new Uint8Array(points.count).fill(UNASSIGNED);
  const blocks = { from: 0, to: bands.at(-1)?.to ?? 0 };
  const partials = Array.from({ length: blocks.to }, () => new Float64Array(partialLength(shape)));
  const centroids = plan.start.slice();
  let rounds = 0;
  return {
    compute() {
      do {
        rounds += 1;
        assignBlocks(plan, { points: points.values, labels, centroids }, blocks, partials);
      } while (moveCentroids(shape, partials, centroids) > 0 && rounds < plan.rounds);
    },
    collect: () => ({ centroids, labels, rounds }),
  };
}

function openClustering(plan: Plan, team: Team, buffer: SharedArrayBuffer): Opened<Clustering> {
  const { points, shape, bands, offsets } = plan;
  const band = bandOf(bands, team.rank);
  const shared = new Float64Array(buffer, offsets.points, points.values.length);
  const labels = bands.map(({ from, to }, member) => {
    const length = Math.min(to * BLOCK_POINTS, points.count) - Math.min(from * BLOCK_POINTS, points.count);
    return new Uint8Array(buffer, offsets.labels[member], length);
  });
  const partials = offsets.partials.map((starts) =>
    bands.flatMap(({ from, to }, member) => {
      const start = starts[member] ?? 0;
      const length = partialLength(shape);
      return Array.from({ length: to - from }, (_, block) => new Float64Array(buffer, start + block * length * 8, length));
    }),
  );
  const centroids = plan.start.slice();
  let rounds = 0;
  return {
    place() {
      labels[team.rank]?.fill(UNASSIGNED);
      centroids.set(plan.start);
      rounds = 0;
      if (team.rank === 0) shared.set(points.values);
    },
    async compute() {
      const own = { points: shared, labels: labels[team.rank] ?? new Uint8Array(0), centroids };
      let ofRound: readonly Float64Array[];
      do {
        rounds += 1;
        // Two sets in turn, so that one barrier a round is enough: a member that is ahead does not overwrite what another still adds up.
        ofRound = partials[rounds % 2] ?? [];
        assignBlocks(plan, own, band, ofRound);
        await team.barrier();
        // Every member adds up all partial sums in the same order, so all come to the same centroids and nobody has to send them.
      } while (moveCentroids(shape, ofRound, centroids) > 0 && rounds < plan.rounds);
    },
    collect: () => ({ centroids: centroids.slice(), labels: Uint8Array.from(labels.flatMap((part) => [...part])), rounds }),
  };
}

/** Assigns the points of the blocks of a band. `labels` are those of the band alone, `points` and `partials` those of everything. */
function assignBlocks(
  { points: { dimensions, count: all }, shape }: Plan,
  { points, labels, centroids }: { points: Float64Array; labels: Uint8Array; centroids: Float64Array },
  { from, to }: Band,
  partials: readonly Float64Array[],
): void {
  for (let block = from; block < to; block += 1) {
    const [first, end] = [block * BLOCK_POINTS, Math.min((block + 1) * BLOCK_POINTS, all)];
    const partial = partials[block];
    if (partial === undefined) throw new RangeError(`block ${block} has no partial sums`);
    const ofBlock = {
      points: points.subarray(first * dimensions, end * dimensions),
      labels: labels.subarray(first - from * BLOCK_POINTS, end - from * BLOCK_POINTS),
      centroids,
    };
    assignBlock(shape, ofBlock, partial);
  }
}

function compareClusterings(expected: Clustering, actual: Clustering): Verdict {
  const differs = expected.labels.findIndex((label, point) => label !== actual.labels[point]);
  if (expected.rounds !== actual.rounds) {
    return { ok: false, summary: `${actual.rounds} rounds where the serial run needs ${expected.rounds}` };
  }
  if (differs !== -1) {
    return {
      ok: false,
      summary: `flight ${differs} is in cluster ${actual.labels[differs]}, in the serial run in ${expected.labels[differs]}`,
    };
  }
  return sameBits(
    `coordinates of centroids, after the clusters of ${count(expected.labels.length)} flights,`,
    expected.centroids,
    actual.centroids,
  );
}

function describeClusters({ points, shape }: Plan, { centroids, labels, rounds }: Clustering): string[] {
  const sizes = new Array<number>(shape.clusters).fill(0);
  for (const label of labels) sizes[label] = (sizes[label] ?? 0) + 1;
  const rows = sizes.map((size, cluster) => {
    const means = flightFeatures.map((_, feature) => points.original(feature, centroids[cluster * shape.dimensions + feature] ?? 0));
    return { size, means };
  });
  rows.sort((a, b) => b.size - a.size);
  return [
    `${rows.length} clusters after ${rounds} rounds:   flights  delay min  distance mi  time of day h`,
    ...rows.map(({ size, means: [delay = 0, distance = 0, time = 0] }) =>
      [count(size).padStart(37), delay.toFixed(1).padStart(11), distance.toFixed(0).padStart(13), time.toFixed(1).padStart(15)].join(''),
    ),
  ];
}
