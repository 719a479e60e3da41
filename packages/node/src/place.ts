import { limits, PagewireError, showValue } from '@pagewire/protocol';

/** Which one of how many equal programs a node is. */
export interface Place {
  /** From 0 up to `size - 1`; no two of the programs share one. */
  readonly rank: number;
  /** How many programs there are: 1 to `limits.maxNodes`. */
  readonly size: number;
}

/** Throws `bad-argument` when there can be no such place. */
export function checkPlace(place: Place): Place {
  if (typeof place !== 'object' || place === null) {
    throw new PagewireError('bad-argument', `place is an object with a rank and a size, not ${showValue(place)}`);
  }
  const { rank, size } = place;
  if (!Number.isSafeInteger(size) || size < 1 || size > limits.maxNodes) {
    throw new PagewireError('bad-argument', `size is a whole number from 1 to ${limits.maxNodes}, not ${showValue(size)}`);
  }
  if (!Number.isSafeInteger(rank) || rank < 0 || rank >= size) {
    throw new PagewireError('bad-argument', `rank is a whole number from 0 to ${size - 1}, one below size, not ${showValue(rank)}`);
  }
  return { rank, size };
}
