import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { awaitStandstill } from './processes.js';
import { until } from './until.js';

const command = fileURLToPath(new URL('../../packages/cli/bin/pagewire.mjs', import.meta.url));

/** A `pagewire …` process of a test: its ready line, its output, and its end. */
export class Managed {
  readonly #lines: string[] = [];
  readonly #stderr: string[] = [];

  private constructor(
    readonly child: ChildProcess,
    readonly args: readonly string[],
  ) {}

  /**
   * Starts `pagewire ...args`. It ends when this process does, however that comes: its IPC channel tells it. `within` is a command that
   * becomes the one it is given, such as `ip netns exec NAME`.
   */
  static start(args: readonly string[], env: NodeJS.ProcessEnv = process.env, within: readonly string[] = []): Managed {
    const [file, ...rest] = [...within, process.execPath, command, ...args];
    if (file === undefined) throw new Error('there is nothing to start');
    const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env });
    const managed = new Managed(child, args);
    living.add(managed);
    child.once('exit', () => living.delete(managed));
    if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => managed.#lines.push(line));
    if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => managed.#stderr.push(line));
    return managed;
  }

  /** Command lines of the processes that were started here and have not ended: a test file leaves none. */
  static get running(): readonly string[] {
    return [...living].map(({ pid, args }) => `${pid} pagewire ${args.join(' ')}`);
  }

  get pid(): number {
    const { pid } = this.child;
    if (pid === undefined) throw new Error(`pagewire ${this.args.join(' ')} did not start`);
    return pid;
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  get errors(): string {
    return this.#stderr.join('\n');
  }

  /** The first line of standard output, parsed; fails with what the process said if it ends first. */
  async ready(deadlineMs = 20_000): Promise<unknown> {
    const end = performance.now() + deadlineMs;
    for (;;) {
      const [first] = this.#lines;
      if (first !== undefined) return JSON.parse(first);
      if (this.ended) throw new Error(`pagewire ${this.args.join(' ')} ended with ${this.child.exitCode}: ${this.errors}`);
      if (performance.now() > end) throw new Error(`pagewire ${this.args.join(' ')} is not ready after ${deadlineMs} ms: ${this.errors}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Stops every thread of it, as by SIGSTOP; it keeps its sockets and memory. */
  freeze(): void {
    this.signal('SIGSTOP');
    awaitStandstill(this.pid);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Waits for an end that comes by itself. Returns the exit code, or the signal's name. */
  async ending(deadlineMs = 20_000): Promise<number | string> {
    await until(`pagewire ${this.args.join(' ')} has ended`, () => this.ended, deadlineMs);
    return this.child.exitCode ?? this.child.signalCode ?? 'unknown';
  }

  /** Sends `signal` and waits for the end; what ignores it for `patienceMs` is killed. Returns the exit code, or the signal's name. */
  async end(signal: NodeJS.Signals = 'SIGTERM', patienceMs = 8000): Promise<number | string> {
    if (!this.ended) {
      const exited = once(this.child, 'exit');
      this.signal('SIGCONT');
      this.signal(signal);
      const impatience = setTimeout(() => this.signal('SIGKILL'), patienceMs);
      await exited;
      clearTimeout(impatience);
    }
    return this.child.exitCode ?? this.child.signalCode ?? 'unknown';
  }
}

const living = new Set<Managed>();
process.once('exit', () => {
  for (const managed of living) managed.signal('SIGKILL');
});
