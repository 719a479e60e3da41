import { type ErrorCode, PagewireError } from '@pagewire/protocol';

/** Whether a failed write may have taken effect, or may still. */
export type Fate = 'none' | 'unknown';

// What a cluster under stress or partial failure answers: counted, and the load goes on. Every other code is a mistake of the caller or a bug.
const survivable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'overloaded',
  'timeout',
  'unreachable',
  'fenced',
  'outcome-unknown',
  'page-lost',
  // A node that shuts down in good order answers this; the clients of a run are closed by nobody else before its end.
  'closed',
]);

/** The code of an error that a load counts and survives; undefined for one that must end the run. */
export function survivableCode(error: unknown): ErrorCode | undefined {
  return error instanceof PagewireError && survivable.has(error.code) ? error.code : undefined;
}

/**
 * What a failed write left behind. Only `overloaded` promises that the operation was not started; for every other code the write may have
 * taken effect before the failure, or may still be on its way, and a verifier that assumed otherwise would accuse a correct memory.
 */
export function fateOf(error: unknown): Fate {
  return error instanceof PagewireError && error.code === 'overloaded' ? 'none' : 'unknown';
}
