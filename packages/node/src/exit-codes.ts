import type { ErrorCode } from '@pagewire/protocol';

/**
 * What a process ends with when a plain load or store of mapped memory waits for what it cannot have. `docs/mapped-memory.md` explains them; a
 * test compares the two.
 */
export const exitCodes = {
  'page-lost': 81,
  timeout: 82,
  fenced: 83,
  'no-such-region': 84,
  overloaded: 85,
  closed: 86,
} as const satisfies Partial<Record<ErrorCode, number>>;

/** Any other reason: a bug in pagewire, or a node that ended without its program. */
export const otherExitCode = 80;

export function exitCodeOf(code: ErrorCode): number {
  return Object.hasOwn(exitCodes, code) ? exitCodes[code as keyof typeof exitCodes] : otherExitCode;
}
