import { parseCsv } from './csv.js';
import { vegaDataset } from './installed.js';

/** Delay in minutes, distance in miles, time of day in hours. */
export const flightFeatures = ['delay', 'distance', 'time'] as const;

/** `atMost` flights spread evenly over the data set of 200 000, which is ordered by time: a row of `flightFeatures` for each flight. */
export function flights(atMost: number): Float64Array {
  // A data set of a pinned package: an array of objects. What is in the fields is checked below.
  const records = JSON.parse(vegaDataset('flights-200k.json')) as readonly Readonly<Record<string, unknown>>[];
  const rows = Math.min(atMost, records.length);
  const table = new Float64Array(rows * flightFeatures.length);
  for (let row = 0; row < rows; row += 1) {
    const record = records[Math.floor((row * records.length) / rows)];
    flightFeatures.forEach((feature, column) => {
      table[row * flightFeatures.length + column] = numberIn(record?.[feature]);
    });
  }
  return table;
}

function numberIn(value: unknown): number {
  if (typeof value === 'number') return value;
  throw new TypeError(`flights-200k.json holds ${JSON.stringify(value)} where a number is expected`);
}

export interface Route {
  readonly origin: string;
  readonly destination: string;
  readonly flights: number;
}

/** Flights of one year between airports of the United States. */
export function routes(): Route[] {
  return parseCsv(vegaDataset('flights-airport.csv')).map((record) => ({
    origin: record.get('origin') ?? '',
    destination: record.get('destination') ?? '',
    flights: Number(record.get('count')),
  }));
}

/** Airport names and places by IATA code. */
export function airportNames(): ReadonlyMap<string, string> {
  const records = parseCsv(vegaDataset('airports.csv'));
  return new Map(
    records.map((record) => [record.get('iata') ?? '', `${record.get('name')}, ${record.get('city')} ${record.get('state')}`]),
  );
}
