import { flightFeatures, flights } from '../data/flights.js';
import { seededRandom } from '../seeded-random.js';

/** Flights as points whose features weigh the same: each has mean 0 and deviation 1. */
export interface FlightPoints {
  readonly count: number;
  readonly dimensions: number;
  readonly values: Float64Array;
  /** A feature of a point in the data's own unit. */
  original(feature: number, value: number): number;
}

export function flightPoints(atMost: number): FlightPoints {
  const dimensions = flightFeatures.length;
  const values = flights(atMost);
  const count = values.length / dimensions;
  const scales = flightFeatures.map((_, feature) => {
    const column = Array.from({ length: count }, (_, point) => values[point * dimensions + feature] ?? 0);
    const mean = column.reduce((sum, value) => sum + value, 0) / count;
    const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count) || 1;
    for (let point = 0; point < count; point += 1) values[point * dimensions + feature] = ((column[point] ?? 0) - mean) / deviation;
    return { mean, deviation };
  });
  return {
    count,
    dimensions,
    values,
    original: (feature, value) => value * (scales[feature]?.deviation ?? 1) + (scales[feature]?.mean ?? 0),
  };
}

/** Starts with `clusters` different points, chosen by `seed`. */
export function chosenCentroids({ count, dimensions, values }: FlightPoints, clusters: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  const chosen = new Set<number>();
  while (chosen.size < clusters) chosen.add(Math.floor(random() * count));
  return Float64Array.from([...chosen].flatMap((point) => [...values.subarray(point * dimensions, (point + 1) * dimensions)]));
}
