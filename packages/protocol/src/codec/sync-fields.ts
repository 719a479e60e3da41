import { limits } from '../limits.js';
import { type Field, scalar } from './fields.js';

const isBetween =
  (min: number, max: number) =>
  (value: unknown): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;

/** An integer from `min`, which is no less than 0, to `max`. */
export const between = (min: number, max: number): Field<number> => scalar(`an integer from ${min} to ${max}`, isBetween(min, max), min);

/** The name of a lock, a semaphore or a barrier: it stands in logs and messages as it is. */
export const syncName: Field<string> = scalar(
  `a name of 1 to ${limits.maxSyncNameBytes} printable ASCII characters without spaces`,
  (value): value is string => typeof value === 'string' && value.length <= limits.maxSyncNameBytes && /^[\x21-\x7e]+$/.test(value),
  '-',
);

/** Where an atomic lies in its page. */
export const address: Field<number> = scalar(
  `a multiple of 4 below ${limits.maxPageBytes}`,
  (value): value is number => isBetween(0, limits.maxPageBytes - 4)(value) && value % 4 === 0,
  0,
);
