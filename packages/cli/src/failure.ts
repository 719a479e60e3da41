import { InvariantError, PagewireError } from '@pagewire/protocol';

/** Exit codes of every command. Ends by a signal use 128 + its number, as shells do. */
export const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;

/** A command was used wrongly, or cannot go on; `message` is all that its user needs. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What is shown of an error, and the code that the process ends with. */
export interface Failure {
  readonly text: string;
  readonly exitCode: number;
}

/** Turns whatever was thrown into one line. A stack is shown for bugs only, and only when `debug` (PAGEWIRE_DEBUG=1) asks for it. */
export function describeFailure(error: unknown, command: string, debug: boolean): Failure {
  if (error instanceof CommandError) return { text: `${command}: ${error.message}`, exitCode: error.exitCode };
  if (error instanceof PagewireError) {
    // A bad value that only the library could judge is still a mistake in how the command was called.
    const exitCode = error.code === 'bad-argument' ? exitCodes.usage : exitCodes.failed;
    return { text: `${command}: ${oneLine(error.message)} (${error.code})`, exitCode };
  }
  const system = systemError(error);
  if (system !== undefined) return { text: `${command}: ${system}`, exitCode: exitCodes.failed };
  return { text: bugReport(error, command, debug), exitCode: exitCodes.failed };
}

function bugReport(error: unknown, command: string, debug: boolean): string {
  const what = error instanceof Error ? oneLine(error.message) : String(error);
  const kind = error instanceof InvariantError ? 'a broken invariant' : 'an unexpected error';
  const line = `${command}: this is a bug in pagewire (${kind}): ${what}`;
  if (debug && error instanceof Error) return `${line}\n${error.stack ?? ''}`;
  return `${line}. Please report it; PAGEWIRE_DEBUG=1 shows where it happened.`;
}

/** Errors of the operating system carry `syscall` and `code`; their messages are for people already. */
function systemError(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return oneLine(error.message);
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ');
