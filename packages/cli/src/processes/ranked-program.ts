import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Exit } from './managed-process.js';
import { WholeLines } from './whole-lines.js';

export type OutputStream = 'stdout' | 'stderr';

export interface RankedProgramOptions {
  readonly rank: number;
  /** Path of the Node.js program. */
  readonly program: string;
  readonly args: readonly string[];
  /** Options of Node.js itself. */
  readonly execArgv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Told the whole lines that the program writes, as they come. Answers with when to read on, if not at once. */
  readonly onLines: (stream: OutputStream, lines: readonly string[]) => Promise<void> | undefined;
  /** How long output may stay open and silent when its program is gone: something that the program has started still holds it. */
  readonly silenceMs?: number;
}

/** How one program of a run ended. */
export interface RankEnd {
  readonly rank: number;
  readonly pid: number;
  readonly exit: Exit;
  /** It was asked to end before it did. */
  readonly asked: boolean;
}

/** The program's end of the pipe that breaks when this process dies; the three before it are the standard streams. */
const runFd = 3;
const preload = new URL('../../preload/end-with-run.mjs', import.meta.url).href;
/** Windows has no process groups. */
const grouped = process.platform !== 'win32';

/**
 * A program of a user as a process that does not outlive this one. It leads a process group of its own: a terminal's Ctrl-C reaches only
 * this process, which decides what to do about it, and what the program has started ends with it.
 */
export class RankedProgram {
  readonly rank: number;
  /** Resolves when the process is gone and its output has been passed on. */
  readonly ended: Promise<RankEnd>;
  readonly #child: ChildProcess;
  readonly #silenceMs: number;
  #asked = false;
  #gone = false;
  /** Counts what was read, to tell silence from a loop that had no time to read. */
  #chunks = 0;
  /** How many times its output waits for whoever reads this command's. */
  #waiting = 0;
  /** What it still has to say is not waited for. */
  #hurried = false;

  constructor({ rank, program, args, execArgv, env, onLines, silenceMs = 1000 }: RankedProgramOptions) {
    this.#silenceMs = silenceMs;
    this.rank = rank;
    this.#child = spawn(process.execPath, [...execArgv, '--import', preload, program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...env, PAGEWIRE_RUN_FD: String(runFd) },
      detached: grouped,
      windowsHide: true,
    });
    const { stdout, stderr } = this.#child;
    this.#pass(stdout, (lines) => onLines('stdout', lines));
    this.#pass(stderr, (lines) => onLines('stderr', lines));
    this.ended = this.#watchEnd((error) => void onLines('stderr', [`could not be started: ${startFailure(error)}`]));
  }

  /** 0 when the process could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The process is gone; its output may not have been passed on. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Asks the program, and what it has started, to end. */
  stop(): void {
    this.#signal('SIGTERM');
  }

  /** Ends them at once; works on stopped processes and on threads that are blocked in a page fault. Their output is not waited for. */
  kill(): void {
    this.#hurried = true;
    this.#signal('SIGKILL');
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#gone || this.#child.pid === undefined) return;
    this.#asked = true;
    signalGroup(this.#child.pid, signal);
  }

  #pass(stream: Readable | null, onLines: (lines: readonly string[]) => Promise<void> | undefined): void {
    const lines = new WholeLines();
    const tell = (whole: readonly string[]): Promise<void> | undefined => (whole.length > 0 ? onLines(whole) : undefined);
    stream?.on('data', (bytes: Uint8Array) => {
      this.#chunks += 1;
      const room = tell(lines.push(bytes));
      if (room === undefined) return;
      this.#waiting += 1;
      // A full pipe makes the program wait in its turn.
      stream.pause();
      void room.then(() => {
        this.#waiting -= 1;
        stream.resume();
      });
    });
    // Also when the stream is cut off.
    stream?.once('close', () => void tell(lines.end()));
  }

  #watchEnd(onStartFailure: (error: NodeJS.ErrnoException) => void): Promise<RankEnd> {
    const child = this.#child;
    return new Promise((resolve) => {
      const end = (exit: Exit): void => resolve({ rank: this.rank, pid: this.pid, exit, asked: this.#asked });
      child.on('error', (error) => {
        if (child.pid !== undefined) return;
        onStartFailure(error);
        end({ code: null, signal: null });
      });
      child.once('exit', () => {
        this.#gone = true;
        this.#cutWhenSilent();
      });
      child.once('close', (code, signal) => {
        if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
        end({ code, signal });
      });
    });
  }

  /** Ends what still holds the output of a program that is gone, and then stops reading it: who left the group cannot be ended. */
  #cutWhenSilent(): void {
    const { pid, stdout, stderr } = this.#child;
    const seen = this.#chunks;
    const look = (): void => {
      if (this.#chunks !== seen || (this.#waiting > 0 && !this.#hurried)) return this.#cutWhenSilent();
      if (pid !== undefined) signalGroup(pid, 'SIGKILL');
      stdout?.destroy();
      stderr?.destroy();
    };
    // After the timer comes one turn that reads what has arrived meanwhile.
    const timer = setTimeout(() => setImmediate(look), this.#silenceMs);
    this.#child.once('close', () => clearTimeout(timer));
  }
}

function startFailure({ message, code }: NodeJS.ErrnoException): string {
  return code === 'EMFILE' || code === 'ENFILE' ? `${message}: too many open files; raise the limit, as with \`ulimit -n 1024\`` : message;
}

/** Signals every process of the group that `pid` leads or led; none may be left. */
function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(grouped ? -pid : pid, signal);
  } catch {
    // ESRCH: all of them are gone. EPERM: what is left has changed its user, and is not ours to end.
  }
}
