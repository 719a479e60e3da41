import { types } from 'node:util';
import {
  type Atomic,
  applyAtomic,
  atomicBytes,
  atomicsOver,
  atomicWrites,
  checkAtomic,
  checkAtomicRange,
  checkPerformed,
  checkRange,
  checkWitnessable,
  limits,
  type Millis,
  millis,
  PagewireError,
  type Performed,
  type RegionAtomics,
  type RegionId,
  type Right,
  showValue,
  type WitnessedAccess,
} from '@pagewire/protocol';
import type { WasmMemory } from '@pagewire/userfaultfd';
import { type Access, type AccessTerms, AtomicAccess, PrefetchAccess, ReadAccess, WriteAccess } from './access.js';
import type { MemoryWindow } from './memory.js';
import type { PagedRegion } from './paged-region.js';
import type { Pager } from './pager.js';
import { type HeldPin, PinAccess, type PinOwner } from './pin.js';
import type { PageRun } from './prefetch.js';
import type { Pin, Region } from './region.js';
import type { AddressWaits, StoppableWait, WaitOwner } from './sync/address-waits.js';
import type { BegunWrites } from './sync/begun-writes.js';
import type { WaitLimit, WaitResult } from './sync/sync-objects.js';

/**
 * A longer read, write or prefetch is done part by part, each with a deadline of its own, so that one scan cannot fill the pager, nor time
 * out while its pages come.
 */
const longestPart = { pages: 1024, bytes: limits.windowBytes } as const;

export interface HandleOptions {
  readonly pager: Pager;
  readonly faultTimeoutMs: number;
  readonly waits: AddressWaits;
  readonly begunWrites: BegunWrites;
  /** The owner lets go of the region when its last handle closes. */
  closed(handle: RegionHandle): Promise<void>;
}

/** A region's API over the pager: checks arguments, takes what is here at once, and lets the pager wait for the rest. */
export class RegionHandle implements Region {
  readonly atomics: RegionAtomics;
  readonly witnessed: WitnessedAccess = {
    read: async (offset, length, performed) => {
      checkPerformed(performed);
      return this.read(offset, length, undefined, performed);
    },
    write: async (offset, bytes, performed) => {
      checkPerformed(performed);
      return this.write(offset, bytes, undefined, performed);
    },
    operate: async (offset, atomic, performed) => {
      checkPerformed(performed);
      return this.operate(offset, atomic, undefined, performed);
    },
  };
  readonly #region: PagedRegion;
  readonly #pager: Pager;
  readonly #options: HandleOptions;
  readonly #held = new Set<HeldPin>();
  readonly #pins: PinOwner = {
    gained: (pin) => void this.#held.add(pin),
    released: (pin) => void this.#held.delete(pin),
  };
  readonly #waiting = new Set<StoppableWait>();
  readonly #waits: WaitOwner = {
    began: (wait) => void this.#waiting.add(wait),
    ended: (wait) => void this.#waiting.delete(wait),
  };
  readonly #windows = new Set<MemoryWindow>();
  #whole: MemoryWindow | undefined;
  #closing: Promise<void> | undefined;

  constructor(region: PagedRegion, options: HandleOptions) {
    this.#region = region;
    this.#pager = options.pager;
    this.#options = options;
    this.atomics = atomicsOver((offset, atomic) => this.operate(offset, atomic));
  }

  get id(): RegionId {
    return this.#region.id;
  }

  get name(): string {
    return this.#region.record.name;
  }

  get bytes(): number {
    return this.#region.record.bytes;
  }

  get pageBytes(): number {
    return this.#region.record.pageBytes;
  }

  get buffer(): SharedArrayBuffer {
    return this.whole().buffer;
  }

  get memory(): WasmMemory {
    return wholeMemory(this, this.whole());
  }

  async map(range: { readonly offset: number; readonly bytes: number }): Promise<MemoryWindow> {
    return this.mapNow(range);
  }

  mapNow(range: { readonly offset: number; readonly bytes: number }): MemoryWindow {
    this.#checkOpen();
    checkObject('the range of a map', range);
    const { offset, bytes } = range;
    const window = this.#region.memory.map({ offset, bytes, closed: () => this.#windows.delete(window) });
    this.#windows.add(window);
    return window;
  }

  /** The window of the whole region; made when it is first asked for. */
  whole(): MemoryWindow {
    this.#whole ??= this.mapNow({ offset: 0, bytes: this.bytes });
    return this.#whole;
  }

  /** The service gives a deadline of its own to each access; others have the timeout of this handle. */
  read(offset: number, length: number, deadline?: Millis, performed?: Performed): Promise<Uint8Array> {
    try {
      const now = this.#enter(offset, length);
      if (performed !== undefined) checkWitnessable(this, offset, length);
      if (this.#isLong(offset, length)) return this.#readParts(offset, length, deadline);
      const { memory } = this.#region;
      const missing = this.#missing(offset, length, 'readonly');
      if (missing === undefined) {
        const bytes = memory.range(offset, length).slice();
        this.#witness(performed, offset);
        return Promise.resolve(bytes);
      }
      this.#pager.makeRoom(missing.length);
      const access = new ReadAccess(this.#terms('readonly', now, deadline, performed), offset, new Uint8Array(length), missing.length);
      this.#runPresent(access, missing, offset, length);
      return this.#wait(access, missing, this.#ahead(missing));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  write(offset: number, bytes: Uint8Array, deadline?: Millis, performed?: Performed): Promise<void> {
    try {
      if (!isUint8Array(bytes)) throw new PagewireError('bad-argument', `write to region "${this.name}" takes a Uint8Array`);
      const now = this.#enter(offset, bytes.length);
      if (performed !== undefined) checkWitnessable(this, offset, bytes.length);
      // Also bytes whose buffer was detached: they have no length, and nothing can be copied from them.
      if (bytes.length === 0) return Promise.resolve();
      if (this.#isLong(offset, bytes.length)) return this.#begun(this.#writeParts(offset, copied(bytes, this.name), deadline), deadline);
      const missing = this.#missing(offset, bytes.length, 'exclusive');
      if (missing === undefined) {
        this.#region.memory.range(offset, bytes.length).set(bytes);
        this.#witness(performed, offset);
        return Promise.resolve();
      }
      // The caller may change its bytes while the pages are on their way.
      const own = copied(bytes, this.name);
      this.#pager.makeRoom(missing.length);
      const access = new WriteAccess(this.#terms('exclusive', now, deadline, performed), offset, own, missing.length);
      this.#runPresent(access, missing, offset, own.length);
      return this.#begun(this.#wait(access, missing), deadline);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  operate(offset: number, given: Atomic, deadline?: Millis, performed?: Performed): Promise<number | bigint> {
    try {
      checkObject('an atomic', given);
      // The caller may change its object while the page is on its way.
      const { op, type, operand, replacement } = given;
      const atomic: Atomic = { op, type, operand, replacement };
      checkAtomicRange(this, offset, type);
      checkAtomic(atomic);
      const now = this.#enter(offset, atomicBytes[atomic.type]);
      const right = atomicWrites(atomic.op) ? 'exclusive' : 'readonly';
      const index = Math.floor(offset / this.pageBytes);
      if (this.#region.permits(index, right)) {
        const start = index * this.pageBytes;
        const before = applyAtomic(this.#region.memory.range(start, this.pageBytes), offset - start, atomic);
        this.#witness(performed, offset);
        return Promise.resolve(before);
      }
      this.#pager.makeRoom(1);
      const operating = this.#wait(new AtomicAccess(this.#terms(right, now, deadline, performed), offset, atomic), [index]);
      return right === 'exclusive' ? this.#begun(operating, deadline) : operating;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  pin(offset: number, length: number, right: Right = 'exclusive'): Promise<Pin> {
    try {
      const now = this.#enter(offset, length);
      checkRight(right);
      if (length === 0) throw new PagewireError('bad-argument', `a pin of region "${this.name}" covers at least one byte`);
      const pages = Math.floor((offset + length - 1) / this.pageBytes) + 1 - Math.floor(offset / this.pageBytes);
      if (pages > limits.maxPagesPerPin) {
        throw new PagewireError(
          'overloaded',
          `a pin of ${pages} pages of region "${this.name}": pin at most ${limits.maxPagesPerPin} at once`,
        );
      }
      if (this.#toSeam(offset) < length) {
        const seam = offset + this.#toSeam(offset);
        throw new PagewireError(
          'unsupported',
          `a pin of region "${this.name}" cannot cross byte ${seam}; pin both sides of it, one by one`,
        );
      }
      this.#pager.makeRoom(pages);
      const terms = { deadline: this.#deadline(now), owner: this.#pins };
      const access = new PinAccess(this.#pager, this.#region, { offset, length, right }, terms);
      access.start();
      return access.promise;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  prefetch(offset: number, length: number, right: Right = 'readonly'): Promise<void> {
    try {
      const now = this.#enter(offset, length);
      checkRight(right);
      if (this.#isLong(offset, length)) return this.#prefetchParts(offset, length, right);
      const missing = this.#missing(offset, length, right);
      if (missing === undefined) return Promise.resolve();
      this.#pager.makeRoom(missing.length);
      return this.#wait(new PrefetchAccess(this.#terms(right, now), missing.length), missing);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async wait(offset: number, expected: number | bigint, options?: WaitLimit): Promise<WaitResult> {
    this.#checkOpen();
    return this.#options.waits.wait({ region: this.#region, offset, expected }, options, this.#waits);
  }

  async notify(offset: number, count: number = Number.POSITIVE_INFINITY): Promise<number> {
    this.#checkOpen();
    return this.#options.waits.notify(this.#region, offset, count);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Lets every pin go, as at the end of the node. */
  releasePins(): void {
    for (const pin of this.#held) pin.release();
  }

  async #close(): Promise<void> {
    this.releasePins();
    for (const wait of this.#waiting) wait.stop(new PagewireError('closed', `this handle of region "${this.name}" was closed`));
    for (const window of this.#windows) window.close();
    await this.#options.closed(this);
  }

  /** Throws unless an access to the range may be tried now. */
  #enter(offset: number, length: number): Millis {
    this.#checkOpen();
    checkRange(this, offset, length);
    return this.#pager.admit();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined)
      throw new PagewireError('closed', `this handle of region "${this.name}" was closed; open the region again`);
    const { gone } = this.#region;
    if (gone !== undefined) throw new PagewireError(gone.code, gone.message);
  }

  #deadline(now: Millis): Millis {
    return millis(now + this.#options.faultTimeoutMs);
  }

  #terms(right: Right, now: Millis, deadline = this.#deadline(now), performed?: Performed): AccessTerms {
    const used = performed === undefined ? undefined : (index: number) => this.#witness(performed, index * this.pageBytes);
    return { memory: this.#region.memory, right, deadline, used };
  }

  /** Tells of an access at `offset` that was just performed, before anything else happens here. */
  #witness(performed: Performed | undefined, offset: number): void {
    if (performed === undefined) return;
    const witness = this.#pager.witness(this.#region, Math.floor(offset / this.pageBytes));
    try {
      performed(witness, this.#pager.exposed());
    } catch (error) {
      // The program's error, not one of the pager, which is in the middle of something.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  get #pagesAtOnce(): number {
    return Math.min(longestPart.pages, longestPart.bytes / this.pageBytes);
  }

  #isLong(offset: number, length: number): boolean {
    return length > this.#pagesAtOnce * this.pageBytes || this.#toSeam(offset) < length;
  }

  /** Bytes from `offset` to the next seam of the memory. */
  #toSeam(offset: number): number {
    const { seamBytes } = this.#region.memory;
    return seamBytes === Number.POSITIVE_INFINITY ? seamBytes : seamBytes - (offset % seamBytes);
  }

  /** The pages of the range that may not be used with `right` now; `undefined` when there are none. */
  #missing(offset: number, length: number, right: Right): number[] | undefined {
    if (length === 0) return undefined;
    const last = Math.floor((offset + length - 1) / this.pageBytes);
    let index = Math.floor(offset / this.pageBytes);
    while (index <= last && this.#region.permits(index, right)) index += 1;
    if (index > last) return undefined;
    const missing = [index];
    for (index += 1; index <= last; index++) if (!this.#region.permits(index, right)) missing.push(index);
    return missing;
  }

  /** Uses the pages that are here before the others are waited for. */
  #runPresent(access: ReadAccess | WriteAccess, missing: readonly number[], offset: number, length: number): void {
    const last = Math.floor((offset + length - 1) / this.pageBytes);
    let next = 0;
    for (let index = Math.floor(offset / this.pageBytes); index <= last; index++) {
      if (missing[next] === index) next += 1;
      else access.use(index);
    }
  }

  #ahead(missing: readonly number[]): PageRun | undefined {
    const first = missing[0];
    const last = missing[missing.length - 1];
    return first === undefined || last === undefined ? undefined : this.#region.scans.fault(first, last + 1 - first);
  }

  #wait<T>(access: Access<T>, missing: readonly number[], ahead?: PageRun): Promise<T> {
    this.#pager.wait(access, this.#region, missing, { ahead });
    return access.promise;
  }

  /** Only the program's own writes: clients, whose accesses have deadlines, synchronize by their answers. */
  #begun<T>(write: Promise<T>, deadline: Millis | undefined): Promise<T> {
    return deadline === undefined ? this.#options.begunWrites.begun(write) : write;
  }

  async #readParts(offset: number, length: number, deadline?: Millis): Promise<Uint8Array> {
    const whole = room(length, `a read of region "${this.name}"`);
    for (const part of this.#parts(offset, length)) whole.set(await this.read(part.offset, part.length, deadline), part.offset - offset);
    return whole;
  }

  async #writeParts(offset: number, bytes: Uint8Array, deadline?: Millis): Promise<void> {
    for (const part of this.#parts(offset, bytes.length)) {
      await this.write(part.offset, bytes.subarray(part.offset - offset, part.offset - offset + part.length), deadline);
    }
  }

  async #prefetchParts(offset: number, length: number, right: Right): Promise<void> {
    for (const part of this.#parts(offset, length)) await this.prefetch(part.offset, part.length, right);
  }

  *#parts(offset: number, length: number): Generator<{ readonly offset: number; readonly length: number }> {
    const partBytes = (this.#pagesAtOnce - 1) * this.pageBytes;
    for (let at = offset, end = offset + length; at < end; ) {
      const part = Math.min(partBytes, end - at, this.#toSeam(at));
      yield { offset: at, length: part };
      at += part;
    }
  }
}

/** Bytes for a copy that is longer than one part; how long one may be the runtime decides. */
function room(length: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    const message = `${what} needs ${length} bytes in one array, and this process cannot have them; do it in several, each of fewer bytes`;
    throw new PagewireError('overloaded', message, { cause });
  }
}

/** The caller may change its bytes while the pages are on their way. */
export function copied(bytes: Uint8Array, region: string): Uint8Array<ArrayBuffer> {
  const own = room(bytes.length, `a write to region "${region}"`);
  // Detached bytes have no length, and may not be copied from.
  if (bytes.length > 0) own.set(bytes);
  return own;
}

/** What WebAssembly can import of a window of the whole region. */
export function wholeMemory({ name, bytes }: { readonly name: string; readonly bytes: number }, window: MemoryWindow): WasmMemory {
  if (window.memory !== undefined) return window.memory;
  throw new PagewireError(
    'unsupported',
    `region "${name}" of ${bytes} bytes cannot be a WebAssembly memory, which has whole pages of 64 KiB; create the region with a multiple of that`,
  );
}

function checkRight(right: Right): void {
  if (right !== 'readonly' && right !== 'exclusive') {
    throw new PagewireError('bad-argument', `a right is 'readonly' or 'exclusive', not ${showValue(right)}`);
  }
}

/** Not `instanceof`, which a proxy and an object made of the prototype pass without having bytes. */
export const isUint8Array = (value: unknown): value is Uint8Array => types.isUint8Array(value);

/** Programs in JavaScript can pass anything. */
function checkObject(what: string, value: unknown): void {
  if (typeof value !== 'object' || value === null)
    throw new PagewireError('bad-argument', `${what} is given as an object, not as ${showValue(value)}`);
}
