import { constants } from 'node:os';
import type { Exit } from './managed-process.js';
import { type OutputStream, type RankEnd, RankedProgram, type RankedProgramOptions } from './ranked-program.js';

export interface ProgramsOptions extends Pick<RankedProgramOptions, 'program' | 'args' | 'execArgv' | 'silenceMs'> {
  readonly size: number;
  readonly envOf: (rank: number) => NodeJS.ProcessEnv;
  /** How long programs may take to end once they are asked to. */
  readonly graceMs: number;
}

export interface ProgramsEvents {
  /** What programs wrote; answers with when to read more of that, if not at once. */
  lines(rank: number, stream: OutputStream, lines: readonly string[]): Promise<void> | undefined;
  /** A program ended, in whatever way; `others` still run. */
  ended(end: RankEnd, others: number): void;
  /** The first program that failed by itself; the others are now asked to end. */
  failed(end: RankEnd): void;
  /** A program did not end within its grace and was killed. */
  killed(rank: number): void;
}

/** Equal programs that differ in their rank. When one fails the others are ended. */
export class RankedPrograms {
  readonly #options: ProgramsOptions;
  readonly #events: ProgramsEvents;
  readonly #insisted: AbortSignal;
  readonly #living = new Set<RankedProgram>();
  readonly #kill = (): void => {
    for (const program of this.#living) program.kill();
  };
  #impatience: NodeJS.Timeout | undefined;
  /** Resolves when all have ended, by rank. */
  readonly ended: Promise<readonly RankEnd[]>;

  /** Starts them. When `insisted` aborts while they are being stopped, they are killed at once. */
  constructor(options: ProgramsOptions, events: ProgramsEvents, insisted: AbortSignal) {
    this.#options = options;
    this.#events = events;
    this.#insisted = insisted;
    process.once('exit', this.#kill);
    const ends = Array.from({ length: options.size }, (_, rank) => this.#start(rank));
    this.ended = Promise.all(ends).finally(() => {
      clearTimeout(this.#impatience);
      insisted.removeEventListener('abort', this.#kill);
      process.off('exit', this.#kill);
    });
  }

  /** Asks those that live to end, and kills what does not in time. */
  stop(): void {
    if (this.#impatience !== undefined) return;
    this.#impatience = setTimeout(() => {
      for (const { rank, gone } of this.#living) {
        if (!gone) this.#events.killed(rank);
      }
      this.#kill();
    }, this.#options.graceMs);
    if (this.#insisted.aborted) return this.#kill();
    this.#insisted.addEventListener('abort', this.#kill);
    for (const program of this.#living) program.stop();
  }

  async #start(rank: number): Promise<RankEnd> {
    const { size: _, envOf, graceMs: __, ...options } = this.#options;
    const process = new RankedProgram({
      ...options,
      rank,
      env: envOf(rank),
      onLines: (stream, lines) => this.#events.lines(rank, stream, lines),
    });
    this.#living.add(process);
    const end = await process.ended;
    this.#living.delete(process);
    this.#events.ended(end, this.#living.size);
    if (this.#impatience === undefined && exitCodeOf(end.exit) !== 0) {
      this.#events.failed(end);
      this.stop();
    }
    return end;
  }
}

/** The exit code that a shell shows for `exit`: 128 + its number for a signal; 1 for a process that could not be started. */
export function exitCodeOf({ code, signal }: Exit): number {
  if (code !== null) return code;
  return signal === null ? 1 : 128 + constants.signals[signal];
}

/**
 * The highest exit code of those that programs ended with by themselves. One that was asked to end and did so by that signal (or with the code
 * that stands for it) says nothing of its own; 0 when that is true of all.
 */
export function worstExitCode(ends: readonly RankEnd[]): number {
  return Math.max(0, ...ends.filter((end) => !endedOnRequest(end)).map(({ exit }) => exitCodeOf(exit)));
}

const requestCodes: readonly number[] = [128 + constants.signals.SIGTERM, 128 + constants.signals.SIGKILL];
const endedOnRequest = ({ asked, exit }: RankEnd): boolean => asked && requestCodes.includes(exitCodeOf(exit));
