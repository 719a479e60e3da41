import { getSystemErrorName } from 'node:util';

/**
 * Why an operation of this package failed.
 *
 * - `unsupported`: this machine or process cannot do it at all; `probe()` says what is missing
 * - `refused`: the kernel forbids it to this process (EPERM, EACCES)
 * - `invalid-argument`: a size, an offset or an address that cannot be right; nothing was done
 * - `not-registered`: the range is not registered with this descriptor
 * - `no-frame`: the memfd has no frame behind a page that was to be installed
 * - `closed`: the object has been closed
 * - `system`: any other refusal of the operating system; `errno` names it
 */
export type UserfaultfdErrorCode = 'unsupported' | 'refused' | 'invalid-argument' | 'not-registered' | 'no-frame' | 'closed' | 'system';

/** The one kind of error this package throws on purpose. `message` says what was tried, on what, and what to do next. */
export class UserfaultfdError extends Error {
  override readonly name = 'UserfaultfdError';
  readonly code: UserfaultfdErrorCode;
  /** The name of the operating system's error, such as `EPERM`, where the operating system refused. */
  readonly errno: string | undefined;

  constructor(code: UserfaultfdErrorCode, message: string, errno?: string) {
    super(message);
    this.code = code;
    this.errno = errno;
  }
}

/** `EPERM` for 1, and so on; `errno 4095` for a number that has no name. */
export function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}

/** The error for a system call that failed with `errno`. `what` reads as the subject of a sentence, `advice` is a sentence. */
export function systemError(what: string, errno: number, advice: string): UserfaultfdError {
  const name = errnoName(errno);
  const code = name === 'EPERM' || name === 'EACCES' ? 'refused' : name === 'ENOSYS' ? 'unsupported' : 'system';
  return new UserfaultfdError(code, `${what} failed with ${name}. ${advice}`, name);
}

export function invalidArgument(message: string): UserfaultfdError {
  return new UserfaultfdError('invalid-argument', message);
}
