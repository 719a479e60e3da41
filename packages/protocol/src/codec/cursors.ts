import { InvariantError } from '../errors.js';
import { limits } from '../limits.js';
import type { FrameRef } from '../messages.js';
import type { HeaderValue } from './envelope.js';

/** Collects one message: the values of its header, and its contents in order. */
export class Writer {
  readonly values: HeaderValue[] = [];
  readonly contents: Uint8Array[] = [];
  contentBytes = 0;
  private readonly resolve: ((ref: FrameRef) => Uint8Array) | undefined;

  constructor(resolve: ((ref: FrameRef) => Uint8Array) | undefined) {
    this.resolve = resolve;
  }

  put(value: HeaderValue): void {
    this.values.push(value);
  }

  /** Appends `bytes` after the header and their length to it. They are not copied. */
  putContent(bytes: Uint8Array, maxBytes: number): void {
    if (bytes.length > maxBytes) throw new InvariantError(`a content of ${bytes.length} bytes, the limit is ${maxBytes}`);
    this.values.push(bytes.length);
    this.contents.push(bytes);
    this.contentBytes += bytes.length;
  }

  /** The bytes that `ref` stands for. */
  frame(ref: FrameRef): Uint8Array {
    if (this.resolve === undefined)
      throw new InvariantError(`a message names the frame of page ${ref.frame}, and nothing here can read it`);
    return this.resolve(ref);
  }
}

/**
 * Walks the values of a header that may be hostile. The first flaw is latched: every later read returns a harmless value, and the caller
 * looks at `flaw` once, at the end. So the codecs of fields need no error path.
 */
export class Reader {
  private readonly values: readonly unknown[];
  private readonly bytes: Uint8Array;
  private contentAt: number;
  /** Value 0 is the code of the kind. */
  private at = 1;
  private firstFlaw: string | undefined;

  constructor(values: readonly unknown[], bytes: Uint8Array, contentAt: number) {
    this.values = values;
    this.bytes = bytes;
    this.contentAt = contentAt;
  }

  get flawed(): boolean {
    return this.firstFlaw !== undefined;
  }

  /** True when every value has been taken. */
  get atEnd(): boolean {
    return this.at >= this.values.length;
  }

  next(): unknown {
    return this.values[this.at++];
  }

  /** Takes the next value if it is nil. */
  skipNil(): boolean {
    if (this.values[this.at] !== null) return false;
    this.at++;
    return true;
  }

  /** Records that the value just taken is not `wanted`, and returns `harmless` in its place. */
  refuse<T>(wanted: string, value: unknown, harmless: T): T {
    const got = this.at > this.values.length ? 'nothing' : show(value);
    this.firstFlaw ??= `value ${this.at - 1} of the header: expected ${wanted}, got ${got}`;
    return harmless;
  }

  /** The next `length` bytes of content, which alias the envelope. */
  takeContent(length: number): Uint8Array {
    const rest = this.bytes.length - this.contentAt;
    if (length > rest) return this.refuse(`a length of at most the ${rest} bytes that are left`, length, NO_BYTES);
    const content = new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + this.contentAt, length);
    this.contentAt += length;
    return content;
  }

  /** What is wrong with the message, once all its fields have been read. */
  flaw(): string | undefined {
    if (this.firstFlaw !== undefined) return this.firstFlaw;
    if (this.at !== this.values.length) return `${this.values.length - this.at} values more than the message has`;
    if (this.contentAt !== this.bytes.length) return `${this.bytes.length - this.contentAt} bytes follow the last content`;
    return undefined;
  }
}

const NO_BYTES = new Uint8Array(0);

/** A hostile value for people: never longer than a name. */
export function show(value: unknown): string {
  if (typeof value !== 'string') return `${String(value)} (${value === null ? 'nil' : typeof value})`;
  return value.length <= limits.maxNodeNameBytes ? JSON.stringify(value) : `a string of ${value.length} characters`;
}
