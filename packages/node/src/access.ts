import type { Atomic, Millis, PagewireError, Right } from '@pagewire/protocol';
import { applyAtomic } from '@pagewire/protocol';
import { Deferred } from './deferred.js';
import type { PageMemory } from './memory.js';

/** Where and how long an access may wait. */
export interface AccessTerms {
  readonly memory: PageMemory;
  readonly right: Right;
  readonly deadline: Millis;
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
  readonly #outcome = new Deferred<T>();
  #settled = false;

  constructor(terms: AccessTerms) {
    this.memory = terms.memory;
    this.right = terms.right;
    this.deadline = terms.deadline;
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
    const { pageBytes } = this.memory;
    const from = Math.max(this.#offset, index * pageBytes);
    const until = Math.min(this.#offset + this.#into.length, (index + 1) * pageBytes);
    this.#into.set(this.memory.range(from, until - from), from - this.#offset);
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
    const { pageBytes } = this.memory;
    const from = Math.max(this.#offset, index * pageBytes);
    const until = Math.min(this.#offset + this.#bytes.length, (index + 1) * pageBytes);
    this.memory.range(from, until - from).set(this.#bytes.subarray(from - this.#offset, until - this.#offset));
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
    this.finish(applyAtomic(this.memory.view(index), this.#offset - index * this.memory.pageBytes, this.#atomic));
  }
}
