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
  /** Told the whole lines that the program writes, as they come. */
  readonly onLines: (stream: OutputStream, lines: readonly string[]) => void;
}

/** How one program of a run ended. */
export interface RankEnd {
  readonly rank: number;
  readonly pid: number;
  readonly exit: Exit;
  /** It was asked to end before it did. */
  readonly asked: boolean;
}

/** How long output may stay open and silent when its program is gone: something that the program has started still holds it. */
const silenceMs = 1000;

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
  #asked = false;
  #gone = false;
  /** Counts what was read, to tell silence from a loop that had no time to read. */
  #chunks = 0;

  constructor({ rank, program, args, execArgv, env, onLines }: RankedProgramOptions) {
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
    this.ended = this.#watchEnd((error) => onLines('stderr', [`could not be started: ${error.message}`]));
  }

  /** 0 when the process could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Asks the program, and what it has started, to end. */
  stop(): void {
    this.#signal('SIGTERM');
  }

  /** Ends them at once; works on stopped processes and on threads that are blocked in a page fault. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#gone || this.#child.pid === undefined) return;
    this.#asked = true;
    signalGroup(this.#child.pid, signal);
  }

  #pass(stream: Readable | null, onLines: (lines: readonly string[]) => void): void {
    const lines = new WholeLines();
    const tell = (whole: readonly string[]): void => {
      if (whole.length > 0) onLines(whole);
    };
    stream?.on('data', (bytes: Uint8Array) => {
      this.#chunks += 1;
      tell(lines.push(bytes));
    });
    // Also when the stream is cut off.
    stream?.once('close', () => tell(lines.end()));
  }

  #watchEnd(onStartFailure: (error: Error) => void): Promise<RankEnd> {
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
      if (this.#chunks !== seen) return this.#cutWhenSilent();
      if (pid !== undefined) signalGroup(pid, 'SIGKILL');
      stdout?.destroy();
      stderr?.destroy();
    };
    // After the timer comes one turn that reads what has arrived meanwhile.
    const timer = setTimeout(() => setImmediate(look), silenceMs);
    this.#child.once('close', () => clearTimeout(timer));
  }
}

/** Signals every process of the group that `pid` leads or led; none may be left. */
function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(grouped ? -pid : pid, signal);
  } catch {
    // ESRCH: all of them are gone. EPERM: what is left has changed its user, and is not ours to end.
  }
}
