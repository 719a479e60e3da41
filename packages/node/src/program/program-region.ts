import {
  type Atomic,
  atomicsOver,
  checkPerformed,
  PagewireError,
  type Performed,
  type RegionAtomics,
  type RegionId,
  type Right,
  type WitnessedAccess,
} from '@pagewire/protocol';
import type { WasmMemory } from '@pagewire/userfaultfd';
import type { MemoryWindow } from '../memory.js';
import type { Pin, Region } from '../region.js';
import { copied, isUint8Array, wholeMemory } from '../region-handle.js';
import type { WaitLimit, WaitResult } from '../sync/sync-objects.js';
import type { Caller } from './caller.js';
import type { GainedPin, OpenedRegion, OpenedWindow, WitnessedAnswer } from './calls.js';
import type { SharedState } from './shared-state.js';

/** A region of a node whose pager lives in another thread. */
export class ProgramRegion implements Region {
  readonly id: RegionId;
  readonly name: string;
  readonly bytes: number;
  readonly pageBytes: number;
  readonly atomics: RegionAtomics;
  readonly witnessed: WitnessedAccess = {
    read: (offset, length, performed) => this.#witnessed('witnessedRead', [offset, length], performed),
    write: (offset, bytes, performed) => this.#witnessed('witnessedWrite', [offset, bytes], performed),
    operate: (offset, atomic, performed) => this.#witnessed('witnessedOperate', [offset, atomic], performed),
  };
  readonly #object: number;
  readonly #caller: Caller;
  readonly #shared: SharedState;
  readonly #gone: Int32Array;
  readonly #pins = new Set<ProgramPin>();
  #whole: OpenedWindow | undefined;
  #closing: Promise<void> | undefined;

  constructor(opened: OpenedRegion, caller: Caller, shared: SharedState) {
    this.id = opened.id;
    this.name = opened.name;
    this.bytes = opened.bytes;
    this.pageBytes = opened.pageBytes;
    this.#object = opened.object;
    this.#caller = caller;
    this.#shared = shared;
    this.#gone = new Int32Array(opened.gone);
    this.atomics = atomicsOver((offset, atomic) => this.operate(offset, atomic));
  }

  get buffer(): SharedArrayBuffer {
    return this.#window().buffer;
  }

  get memory(): WasmMemory {
    return wholeMemory(this, { ...this.#window(), close: () => {} });
  }

  async map(range: { readonly offset: number; readonly bytes: number }): Promise<MemoryWindow> {
    // What is no range is refused where ranges are checked.
    const { offset, bytes } = range ?? {};
    const { object, buffer, memory } = await this.#call<OpenedWindow>('map', [{ offset, bytes }]);
    const close = (): void => {
      // A node that has ended has closed its windows.
      if (this.#caller.ended === undefined) this.#caller.callNow(object, 'close', []);
    };
    let open = true;
    return {
      offset,
      bytes,
      buffer,
      memory,
      close: () => {
        if (open) close();
        open = false;
      },
    };
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.#call('read', [offset, length]);
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    try {
      if (!isUint8Array(bytes)) throw new PagewireError('bad-argument', `write to region "${this.name}" takes a Uint8Array`);
      const own = copied(bytes, this.name);
      return this.#call('write', [offset, own], [own.buffer]);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  operate(offset: number, atomic: Atomic): Promise<number | bigint> {
    return this.#call('operate', [offset, atomic]);
  }

  async pin(offset: number, length: number, right: Right = 'exclusive'): Promise<Pin> {
    const gained = await this.#call<GainedPin>('pin', [offset, length, right]);
    const pin: ProgramPin = new ProgramPin({
      gained,
      region: this.name,
      gone: this.#gone,
      caller: this.#caller,
      shared: this.#shared,
      released: () => this.#pins.delete(pin),
    });
    this.#pins.add(pin);
    // The handle may have been closed while the answer was on its way.
    if (this.#closing !== undefined) pin.release();
    return pin;
  }

  prefetch(offset: number, length: number, right: Right = 'readonly'): Promise<void> {
    return this.#call('prefetch', [offset, length, right]);
  }

  wait(offset: number, expected: number | bigint, options?: WaitLimit): Promise<WaitResult> {
    return this.#call('wait', [offset, expected, options]);
  }

  notify(offset: number, count: number = Number.POSITIVE_INFINITY): Promise<number> {
    return this.#call('notify', [offset, count]);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const pin of this.#pins) pin.release();
    // A node that has ended has closed its regions.
    if (this.#caller.ended === undefined) await this.#caller.call<void>(this.#object, 'close', []);
  }

  /** Made when it is first asked for: each takes address space, and costs the pager a little for every page that comes or goes. */
  #window(): OpenedWindow {
    this.#checkOpen();
    this.#whole ??= this.#caller.callNow<OpenedWindow>(this.#object, 'whole', []);
    return this.#whole;
  }

  #call<T>(method: string, args: readonly unknown[], moved?: readonly ArrayBuffer[]): Promise<T> {
    try {
      this.#checkOpen();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#caller.call<T>(this.#object, method, args, moved);
  }

  async #witnessed<T>(method: string, args: readonly unknown[], performed: Performed): Promise<T> {
    checkPerformed(performed);
    const { value, witness } = await this.#call<WitnessedAnswer<T>>(method, args);
    performed(witness);
    return value;
  }

  #checkOpen(): void {
    if (this.#caller.ended !== undefined) throw this.#caller.ended;
    if (this.#closing !== undefined) {
      throw new PagewireError('closed', `this handle of region "${this.name}" was closed; open the region again`);
    }
    if (Atomics.load(this.#gone, 0) !== 0) {
      throw new PagewireError('no-such-region', `region "${this.name}" was deleted; open it again to create it anew`);
    }
  }
}

interface PinParts {
  readonly gained: GainedPin;
  readonly region: string;
  readonly gone: Int32Array;
  readonly caller: Caller;
  readonly shared: SharedState;
  released(): void;
}

class ProgramPin implements Pin {
  readonly offset: number;
  readonly length: number;
  readonly right: Right;
  readonly #parts: PinParts;
  #held = true;

  constructor(parts: PinParts) {
    this.offset = parts.gained.offset;
    this.length = parts.gained.length;
    this.right = parts.gained.right;
    this.#parts = parts;
  }

  get bytes(): Uint8Array {
    const { gained, region, gone, caller, shared } = this.#parts;
    const what = `the pin of bytes ${this.offset} to ${this.offset + this.length} of region "${region}"`;
    if (!this.#held || caller.ended !== undefined) throw new PagewireError('closed', `${what} was released; pin the bytes again`);
    if (caller.ended !== undefined) throw caller.ended;
    if (Atomics.load(gone, 0) !== 0) throw new PagewireError('no-such-region', `${what} is over: the region was deleted`);
    if (shared.life !== gained.life) throw new PagewireError('fenced', `${what} ended when this node was fenced; pin the bytes again`);
    return gained.frames;
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#parts.released();
    // A node that has ended has let every pin go.
    this.#parts.caller.call(this.#parts.gained.object, 'release', []).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}
