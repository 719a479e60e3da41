import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** The part of a stream that output needs; `process.stdout` is one. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface TerminalOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const eraseLine = '\r\x1b[2K';
// biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with the escape character
const colorCode = /\x1b\[[0-9;]*m/g;

/** Where a command writes: results to stdout, everything for people to stderr, with one line on stderr that can be rewritten. */
export class Terminal {
  readonly #stdout: TextStream;
  readonly #stderr: TextStream;
  #live = '';
  /** Colours for text on stderr; they do nothing when stderr is not a terminal or NO_COLOR is set. */
  readonly colors: Colors;
  /** Colours for text on stdout. */
  readonly outColors: Colors;
  /** True when `live` can rewrite a line. */
  readonly isLive: boolean;

  constructor({ stdout, stderr, env }: TerminalOptions) {
    this.#stdout = stdout;
    this.#stderr = stderr;
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

  /** Shows `text` as the last line of stderr until it is replaced; `''` removes it. Does nothing unless `isLive`. */
  live(text: string): void {
    if (!this.isLive) return;
    if (text === '' && this.#live === '') return;
    this.#live = fit(text, (this.#stderr.columns || 80) - 1);
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
