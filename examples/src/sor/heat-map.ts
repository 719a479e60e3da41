import type { Picture } from '../picture.js';

/** Black, violet, red, orange, yellow, white: darkness to brightness as heat rises, so that it also reads without colour. */
const STOPS = [
  [0, 0, 4],
  [81, 18, 124],
  [183, 55, 121],
  [252, 137, 97],
  [252, 253, 191],
] as const;

/** More pixels than this each way show nothing more. */
const MAX_PIXELS = 512;

/** A square of cells from the coldest to the hottest of them: one pixel for each cell, or for evenly chosen ones of many. */
export function heatMap(size: number, cells: Float64Array): Picture {
  const pixels = Math.min(size, MAX_PIXELS);
  const chosen = Array.from({ length: pixels }, (_, pixel) => Math.floor((pixel * size) / pixels));
  const heats = chosen.flatMap((row) => chosen.map((column) => cells[row * size + column] ?? 0));
  const coldest = heats.reduce((low, heat) => Math.min(low, heat), Number.POSITIVE_INFINITY);
  const hottest = heats.reduce((high, heat) => Math.max(high, heat), Number.NEGATIVE_INFINITY);
  const span = Math.max(hottest - coldest, Number.MIN_VALUE);
  const rgb = Uint8Array.from(heats.flatMap((heat) => colourOf((heat - coldest) / span)));
  return { width: pixels, height: pixels, rgb };
}

/** @param heat from 0 to 1 */
function colourOf(heat: number): readonly [number, number, number] {
  const place = heat * (STOPS.length - 1);
  const low = Math.min(Math.floor(place), STOPS.length - 2);
  const [from, to] = [STOPS[low] ?? STOPS[0], STOPS[low + 1] ?? STOPS[0]];
  const blend = (channel: 0 | 1 | 2): number => Math.round(from[channel] + (to[channel] - from[channel]) * (place - low));
  return [blend(0), blend(1), blend(2)];
}
