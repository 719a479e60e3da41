import { StringDecoder } from 'node:string_decoder';

/** A longer line is passed on in pieces of about this many UTF-16 units, so that output without line ends does not pile up. */
export const maxLineUnits = 64 * 1024;

/** Cuts the bytes of a stream into lines of UTF-8 text. */
export class WholeLines {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  /** The lines that `bytes` completes, without their ends. */
  push(bytes: Uint8Array): readonly string[] {
    // Only lines of the operating system end one: a carriage return within a line is the program's own.
    const [first = '', ...others] = this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).split('\n');
    const pieces = [this.#rest + first, ...others];
    this.#rest = pieces.pop() ?? '';
    const lines = pieces.map(withoutReturn);
    if (this.#rest.length < maxLineUnits) return lines;
    return [...lines, this.#takeRest()];
  }

  /** What came after the last line end, if anything: the stream is over. */
  end(): readonly string[] {
    this.#rest += this.#decoder.end();
    return this.#rest === '' ? [] : [this.#takeRest()];
  }

  #takeRest(): string {
    const rest = this.#rest;
    this.#rest = '';
    return rest;
  }
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);
