import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** The part of a stream that output needs; `process.stdout` is one. */
export interface TextStream {
  write(text: string): unknown;
  /** Its reader is slower than its writer: what is written piles up. */
  readonly writableNeedDrain?: boolean;
  on?(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  on?(event: 'drain', listener: () => void): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface TerminalOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Both streams end at one reader, as after `2>&1`. */
  readonly oneReader?: boolean;
}

/** A stream and who waits for it. */
class Output {
  readonly #stream: TextStream;
  readonly #gone = new AbortController();
  #waiting: (() => void)[] = [];

  constructor(stream: TextStream) {
    this.#stream = stream;
    stream.on?.('drain', () => this.#release());
    stream.on?.('error', (error) => {
      // ECONNRESET: the reader of a socket went away with something unread.
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
      this.#gone.abort();
      this.#release();
    });
  }

  /** Aborted when there is no reader any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  write(text: string): void {
    // A reader that goes away (`pagewire status | head`) ends output, not the process that still has a cluster to take down.
    if (!this.#gone.signal.aborted) this.#stream.write(text);
  }

  room(): Promise<void> | undefined {
    if (this.#gone.signal.aborted || this.#stream.writableNeedDrain !== true) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

const eraseLine = '\r\x1b[2K';
// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with the escape character
const colorCode = /\x1b\[[0-9;]*m/g;

/** Where a command writes: results to stdout, everything for people to stderr, with one line on stderr that can be rewritten. */
export class Terminal {
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #columns: () => number;
  #live = '';
  /** Aborted when nobody reads results any more. That nobody reads what is for people is noticed there only where both have one reader. */
  readonly readerGone: AbortSignal;
  /** Colours for text on stderr; they do nothing when stderr is not a terminal or NO_COLOR is set. */
  readonly colors: Colors;
  /** Colours for text on stdout. */
  readonly outColors: Colors;
  /** True when `live` can rewrite a line. */
  readonly isLive: boolean;

  constructor({ stdout, stderr, env, oneReader = false }: TerminalOptions) {
    this.#stdout = new Output(stdout);
    this.#stderr = new Output(stderr);
    this.#columns = () => stderr.columns || 80;
    const gone = new AbortController();
    for (const output of oneReader ? [this.#stdout, this.#stderr] : [this.#stdout]) {
      output.gone.addEventListener('abort', () => gone.abort(), { once: true });
    }
    this.readerGone = gone.signal;
    this.colors = pc.createColors(wantsColor(stderr, env));
    this.outColors = pc.createColors(wantsColor(stdout, env));
    this.isLive = stderr.isTTY === true && env['TERM'] !== 'dumb';
  }

  /** Writes lines to stdout. */
  out(text: string): void {
    this.#around(() => this.#stdout.write(`${text}\n`));
  }

  /** Writes lines to stderr. */
  say(text: string): void {
    this.#around(() => this.#stderr.write(`${text}\n`));
  }

  /** When to write more: undefined while the reader of that stream keeps up. Resolves also when the reader is gone. */
  room(stream: 'stdout' | 'stderr'): Promise<void> | undefined {
    return stream === 'stdout' ? this.#stdout.room() : this.#stderr.room();
  }

  /** Shows `text` as the last line of stderr until it is replaced; `''` removes it. Does nothing unless `isLive`. */
  live(text: string): void {
    if (!this.isLive) return;
    if (text === '' && this.#live === '') return;
    this.#live = fit(text, this.#columns() - 1);
    this.#stderr.write(eraseLine + this.#live);
  }

  #around(write: () => void): void {
    if (this.#live !== '') this.#stderr.write(eraseLine);
    write();
    if (this.#live !== '') this.#stderr.write(this.#live);
  }
}

/** https://no-color.org: any non-empty NO_COLOR switches colours off. */
function wantsColor(stream: TextStream, env: TerminalOptions['env']): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return true;
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

/** A line that would wrap could not be erased again, so it is cut, without its colours. */
function fit(text: string, columns: number): string {
  const bare = text.replace(colorCode, '');
  return bare.length <= columns ? text : `${bare.slice(0, Math.max(0, columns - 1))}…`;
}
