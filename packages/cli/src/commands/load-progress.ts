import type { LoadPhase, LoadProgress } from '@pagewire/loadgen';
import type { Terminal } from '../terminal.js';

const phases: Record<LoadPhase, string> = { load: 'loading', run: 'running', verify: 'verifying' };

/** Without a terminal a line is written at most this often. */
const plainEveryMs = 3000;

export interface LoadProgressOptions {
  readonly label: string;
  /** How long the run is meant to take, if that is known. */
  readonly runMs?: number | undefined;
  /** Write nothing where no line can be rewritten. */
  readonly quietWithoutTty: boolean;
  /** Milliseconds on a monotonic clock. */
  readonly now?: () => number;
}

/** Shows on stderr how far a load is: one line that is rewritten on a terminal, else a line every few seconds. */
export class LoadProgressLines {
  readonly #terminal: Terminal;
  readonly #options: LoadProgressOptions;
  readonly #now: () => number;
  #lastMs: number;
  #ended = false;

  constructor(terminal: Terminal, options: LoadProgressOptions) {
    this.#terminal = terminal;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#lastMs = this.#now();
  }

  show(progress: LoadProgress): void {
    // A load that was given up goes on for a moment.
    if (this.#ended) return;
    const line = progressLine(progress, this.#options);
    if (this.#terminal.isLive) {
      this.#terminal.live(line);
    } else if (!this.#options.quietWithoutTty && this.#now() - this.#lastMs >= plainEveryMs) {
      this.#lastMs = this.#now();
      this.#terminal.say(line);
    }
  }

  /** Takes the live line away, for good. */
  end(): void {
    this.#ended = true;
    this.#terminal.live('');
  }
}

/** `counter  running 3.2 s of 10.0 s  12,345 ops/s  45,678 done  2 errors`. */
export function progressLine(
  { phase, operations, opsPerSecond, errors, elapsedMs }: LoadProgress,
  { label, runMs }: LoadProgressOptions,
): string {
  const of = phase === 'run' && runMs !== undefined ? ` of ${seconds(runMs)}` : '';
  const wrong = errors === 0 ? '' : `  ${grouped(errors)} errors`;
  return `${label}  ${phases[phase]} ${seconds(elapsedMs)}${of}  ${grouped(opsPerSecond)} ${phase === 'run' ? 'ops/s' : 'records/s'}  ${grouped(operations)} done${wrong}`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
/** A whole number with commas between thousands, whatever the locale of the machine. */
export const grouped = (n: number): string => Math.round(n).toLocaleString('en-US');
