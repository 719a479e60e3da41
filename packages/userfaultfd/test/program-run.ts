import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly end: number | string;
  readonly out: string;
  readonly errors: string;
}

const deadlineMs = 15_000;

/** Runs one of the programs beside this file. */
export function runProgram(name: string, args: readonly string[], identity: { uid?: number; gid?: number } = {}): Promise<Ended> {
  return runScript(fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url)), args, identity);
}

/** Runs a script in a process of its own. One that does not end by itself is killed at a deadline, and ends with SIGKILL. */
export function runScript(path: string, args: readonly string[], identity: { uid?: number; gid?: number } = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { timeout: deadlineMs, killSignal: 'SIGKILL', ...identity } as const;
    const child = execFile(process.execPath, ['--expose-gc', path, ...args], options, (_, out, errors) => {
      resolve({ end: child.signalCode ?? child.exitCode ?? 'unknown', out: out.trim(), errors });
    });
  });
}
