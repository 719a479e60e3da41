import type { Atomic, Millis, PagewireError, Right } from '@pagewire/protocol';
import { applyAtomic } from '@pagewire/protocol';
import { Deferred } from './deferred.js';
import type { PageMemory } from './memory.js';

/** Where and how long an access may wait. */
export interface AccessTerms {
  readonly memory: PageMemory;
  readonly right: Right;
  readonly deadline: Millis;
  /** Called each time that a page of the access was used, before it can be given up again. */
  readonly used?: ((index: number) => void) | undefined;
}

/**
 * An access that waits in the pager for pages. The pager calls `run` for each of them, once, at the moment the page may be used: what
 * `run` does is done before the page can be given up again.
 */
export interface WaitingAccess {
  readonly right: Right;
  readonly deadline: Millis;
  /** True once it has ended, well or badly; the pager then passes over it. */
  readonly settled: boolean;
  run(index: number): void;
  fail(error: PagewireError): void;
}

/** A waiting access with a result of type `T`. */
export abstract class Access<T> implements WaitingAccess {
  readonly memory: PageMemory;
  readonly right: Right;
  readonly deadline: Millis;
  protected readonly used: AccessTerms['used'];
  readonly #outcome = new Deferred<T>();
  #settled = false;

  constructor(terms: AccessTerms) {
    this.memory = terms.memory;
    this.right = terms.right;
    this.deadline = terms.deadline;
    this.used = terms.used;
  }

  get promise(): Promise<T> {
    return this.#outcome.promise;
  }

  get settled(): boolean {
    return this.#settled;
  }

  abstract run(index: number): void;

  fail(error: PagewireError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#outcome.reject(error);
  }

  protected finish(value: T): void {
    this.#settled = true;
    this.#outcome.resolve(value);
  }
}

/** Several pages, of which some are still to come. */
abstract class RangeAccess<T> extends Access<T> {
  #missing: number;

  constructor(terms: AccessTerms, missing: number) {
    super(terms);
    this.#missing = missing;
  }

  run(index: number): void {
    this.use(index);
    this.used?.(index);
    this.#missing -= 1;
    if (this.#missing === 0) this.finish(this.result());
  }

  /** Does the part of the access that lies on page `index`, which may be used now. */
  abstract use(index: number): void;
  protected abstract result(): T;
}

/** Copies pages out as they come. */
export class ReadAccess extends RangeAccess<Uint8Array> {
  readonly #offset: number;
  readonly #into: Uint8Array;

  constructor(terms: AccessTerms, offset: number, into: Uint8Array, missing: number) {
    super(terms, missing);
    this.#offset = offset;
    this.#into = into;
  }

  use(index: number): void {
    const { from, length } = partOn(index, this.memory.pageBytes, this.#offset, this.#into.length);
    this.#into.set(this.memory.range(from, length), from - this.#offset);
  }

  protected result(): Uint8Array {
    return this.#into;
  }
}

/** Copies pages in as they come. The bytes must not change meanwhile: whoever makes the access owns them. */
export class WriteAccess extends RangeAccess<void> {
  readonly #offset: number;
  readonly #bytes: Uint8Array;

  constructor(terms: AccessTerms, offset: number, bytes: Uint8Array, missing: number) {
    super(terms, missing);
    this.#offset = offset;
    this.#bytes = bytes;
  }

  use(index: number): void {
    const { from, length } = partOn(index, this.memory.pageBytes, this.#offset, this.#bytes.length);
    const at = from - this.#offset;
    this.memory.range(from, length).set(this.#bytes.subarray(at, at + length));
  }

  protected result(): void {}
}

/** Wants the pages to have been here, and nothing more. */
export class PrefetchAccess extends RangeAccess<void> {
  use(): void {}
  protected result(): void {}
}

/** One atomic operation; it lies on one page. */
export class AtomicAccess extends Access<number | bigint> {
  readonly #offset: number;
  readonly #atomic: Atomic;

  constructor(terms: AccessTerms, offset: number, atomic: Atomic) {
    super(terms);
    this.#offset = offset;
    this.#atomic = atomic;
  }

  run(index: number): void {
    const before = applyAtomic(
      this.memory.range(index * this.memory.pageBytes, this.memory.pageBytes),
      this.#offset - index * this.memory.pageBytes,
      this.#atomic,
    );
    this.used?.(index);
    this.finish(before);
  }
}

/** The part of the range `[offset, offset + bytes)` that lies on page `index`. */
function partOn(index: number, pageBytes: number, offset: number, bytes: number): { readonly from: number; readonly length: number } {
  const from = Math.max(offset, index * pageBytes);
  return { from, length: Math.min(offset + bytes, (index + 1) * pageBytes) - from };
}
