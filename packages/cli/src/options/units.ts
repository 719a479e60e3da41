/** Why a text is not a size, duration or number; the message is a full sentence without the text itself. */
export class UnitError extends Error {
  override readonly name = 'UnitError';
}

const sizeUnits = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
] as const;

const durationUnits = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

const quantity = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/;

/**
 * Bytes of a size for people: `4096`, `4KiB`, `64M` (the same as `64MiB`), `1.5GiB`. Units are powers of 1024 in any case of letters;
 * `KB` and the like mean 1000 to some and 1024 to others, so they are refused. Throws {@link UnitError}.
 */
export function parseSize(text: string): number {
  const [digits, unit] = splitQuantity(text, 'Write a size as 4096, 4KiB, 64M or 1GiB.');
  const letter = unit.charAt(0).toUpperCase();
  if (letter !== 'B' && /^.B$/i.test(unit)) throw new UnitError(`Write ${digits}${letter}iB: units are powers of 1024.`);
  const scale = unit === '' || /^B$/i.test(unit) ? 1 : sizeUnits.find(([name]) => isUnit(unit, name))?.[1];
  if (scale === undefined) throw new UnitError(`"${unit}" is not a unit of size: use KiB, MiB, GiB or TiB.`);
  return wholeNumber(digits, scale, 'bytes');
}

/** Milliseconds of a duration for people: `500ms`, `10s`, `2m`, `1h`, `1.5s`. The unit is required. Throws {@link UnitError}. */
export function parseDuration(text: string): number {
  const [digits, unit] = splitQuantity(text, 'Write a duration as 500ms, 10s or 2m.');
  if (unit === '') throw new UnitError(`Say the unit: ${digits}s, ${digits}ms or ${digits}m.`);
  const scale = durationUnits.find(([name]) => name === unit)?.[1];
  if (scale === undefined) throw new UnitError(`"${unit}" is not a unit of time: use ms, s, m or h.`);
  return wholeNumber(digits, scale, 'milliseconds');
}

/** A whole number of 0 or more, `_` allowed between digits as in `100_000`. Throws {@link UnitError}. */
export function parseCount(text: string): number {
  if (!/^\d+(_\d+)*$/.test(text)) throw new UnitError('Write a whole number of 0 or more.');
  return wholeNumber(text.replaceAll('_', ''), 1, 'as a count');
}

/** The shortest text that {@link parseSize} reads back as exactly `bytes`. */
export function formatSize(bytes: number): string {
  return withUnit(bytes, sizeUnits, '');
}

/** The shortest text that {@link parseDuration} reads back as exactly `ms`. */
export function formatDuration(ms: number): string {
  return withUnit(ms, durationUnits, 'ms');
}

function splitQuantity(text: string, example: string): [digits: string, unit: string] {
  const match = quantity.exec(text);
  const digits = match?.[1];
  const unit = match?.[2];
  if (digits === undefined || unit === undefined) throw new UnitError(example);
  return [digits, unit];
}

function isUnit(unit: string, name: string): boolean {
  const given = unit.toLowerCase();
  return given === name.toLowerCase() || given === name.charAt(0).toLowerCase();
}

/** `digits × scale`, computed in integers: in floating point 1.001 × 1000 would not be whole. */
function wholeNumber(digits: string, scale: number, of: string): number {
  const [whole = '', fraction = ''] = digits.split('.');
  const divisor = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * BigInt(scale);
  if (scaled > BigInt(Number.MAX_SAFE_INTEGER) * divisor) throw new UnitError('That is too large.');
  if (scaled % divisor !== 0n) throw new UnitError(`That is not a whole number of ${of}.`);
  return Number(scaled / divisor);
}

function withUnit(value: number, units: readonly (readonly [string, number])[], bare: string): string {
  const fit = value === 0 ? undefined : units.find(([, scale]) => value % scale === 0);
  return fit === undefined ? `${value}${bare}` : `${value / fit[1]}${fit[0]}`;
}
