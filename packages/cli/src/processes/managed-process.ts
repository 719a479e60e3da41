import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CommandError } from '../failure.js';
import { inheritedEnvironment } from './node-options.js';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** "was killed by SIGKILL", "ended with exit code 1". */
export const describeExit = ({ code, signal }: Exit): string =>
  signal === null ? `ended with exit code ${code ?? 'unknown'}` : `was killed by ${signal}`;

export interface ManagedProcessOptions {
  /** What people know it by: `coordinator`, `n1`. */
  readonly label: string;
  /** The Node.js program and its arguments. */
  readonly program: string;
  readonly args: readonly string[];
  /** Told each line that the process writes to stderr once it is ready; earlier ones are kept and told then. */
  readonly onLog: (line: string) => void;
}

/** The lines kept of a process that is not ready yet: enough to say why it failed. */
const keptLines = 50;

/**
 * A Node.js process that writes one line of JSON to stdout when it is ready. It shares an IPC channel with this process for one purpose:
 * the channel breaks when this process dies, however it dies, and the child then ends itself.
 */
export class ManagedProcess {
  readonly label: string;
  /** Resolves when the process is gone and all that it wrote has been read. */
  readonly exited: Promise<Exit>;
  /** The parsed line; rejects when the process ends first. */
  readonly ready: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #onLog: (line: string) => void;
  #early: string[] | undefined = [];
  #gone = false;
  #stopping = false;

  constructor({ label, program, args, onLog }: ManagedProcessOptions) {
    this.label = label;
    this.#onLog = onLog;
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: inheritedEnvironment(process.env),
    });
    this.#child = child;
    this.exited = this.#watchExit();
    this.#readLog(child.stderr);
    this.ready = this.#readReadyLine(child.stdout);
    // A stop during startup makes `ready` reject while nobody waits for it any more.
    this.ready.catch(() => undefined);
  }

  /** 0 when the process could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** False once it ended. */
  get alive(): boolean {
    return !this.#gone;
  }

  /** True once `stop` or `kill` was called: its end is no surprise. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Asks the process to end, kills it after `graceMs` or when `insisted` aborts, and resolves when it is gone. */
  async stop(graceMs: number, insisted: AbortSignal): Promise<Exit> {
    this.#stopping = true;
    if (insisted.aborted) this.kill();
    else this.#child.kill('SIGTERM');
    const kill = (): void => this.kill();
    const timer = setTimeout(kill, graceMs);
    insisted.addEventListener('abort', kill, { once: true });
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
      insisted.removeEventListener('abort', kill);
    }
  }

  /** Ends the process at once; works on a stopped one too. */
  kill(): void {
    this.#stopping = true;
    if (!this.#gone) this.#child.kill('SIGKILL');
  }

  #watchExit(): Promise<Exit> {
    return new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#keep(error.message);
        if (this.#child.pid === undefined) this.#end({ code: null, signal: null }, resolve);
      });
      this.#child.once('close', (code, signal) => this.#end({ code, signal }, resolve));
    });
  }

  #end(exit: Exit, resolve: (exit: Exit) => void): void {
    this.#gone = true;
    resolve(exit);
  }

  #readLog(stderr: Readable | null): void {
    if (stderr === null) return;
    createInterface({ input: stderr }).on('line', (line) => {
      if (this.#early === undefined) this.#onLog(line);
      else this.#keep(line);
    });
  }

  #keep(line: string): void {
    this.#early?.push(line);
    if (this.#early !== undefined && this.#early.length > keptLines) this.#early.shift();
  }

  async #readReadyLine(stdout: Readable | null): Promise<unknown> {
    const line = stdout === null ? undefined : await Promise.race([firstLine(stdout), this.exited.then(() => undefined)]);
    const early = this.#early ?? [];
    this.#early = undefined;
    if (line === undefined) {
      const exit = await this.exited;
      const reason = early.at(-1)?.replace(/^pagewire( \w+)?: /, '');
      throw new StartFailure(this.label, exit, reason);
    }
    for (const kept of early) this.#onLog(kept);
    return JSON.parse(line);
  }
}

/** A process ended before it was ready. */
export class StartFailure extends CommandError {
  constructor(label: string, exit: Exit, reason: string | undefined) {
    super(`${label} did not start: ${reason ?? `it ${describeExit(exit)} without saying why`}`);
  }
}

async function firstLine(stdout: Readable): Promise<string | undefined> {
  // Reading goes on after the first line: a full pipe would block the child.
  return new Promise((resolve) => {
    createInterface({ input: stdout })
      .once('line', resolve)
      .once('close', () => resolve(undefined));
  });
}
