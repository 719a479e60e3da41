import { libc } from './libc.js';
import { assertWithin, type Memfd } from './memfd.js';
import { assertMappable, mapOver, type Reservation, reserve, sealOff, type WasmMemory, wasmPageBytes } from './shared-mapping.js';

/** The part of a memfd to map; both are multiples of the operating system's page, and `bytes` is at most 4 GiB. */
export interface MemfdWindow {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * A window of a memfd as a SharedArrayBuffer: the memory a program loads from and stores to, and what is registered with a `Userfaultfd`.
 * The thread that serves the faults must never touch it.
 *
 * The address range is valid while this object, or the buffer in any thread, is referenced; keep one of them for as long as the range is
 * registered. V8 unmaps the memory when the last reference to the buffer is gone.
 */
export class AppMapping {
  /** Works as any SharedArrayBuffer: `Atomics`, `postMessage` to workers. Growable in name only where the size is no multiple of 64 KiB. */
  readonly buffer: SharedArrayBuffer;
  /** The same memory for import into WebAssembly instances, where the size is a multiple of 64 KiB. */
  readonly memory: WasmMemory | undefined;
  readonly address: number;
  readonly bytes: number;
  readonly #reservation: Reservation;
  #closed = false;

  private constructor(reservation: Reservation) {
    this.#reservation = reservation;
    this.buffer = reservation.buffer;
    this.memory = reservation.memory;
    this.address = reservation.address;
    this.bytes = reservation.buffer.byteLength;
  }

  static over(memfd: Pick<Memfd, 'fd' | 'bytes'>, window: MemfdWindow): AppMapping {
    const { offset, bytes } = window;
    assertMappable(bytes, 'A window');
    assertWithin(memfd, offset, bytes, libc().pageBytes);
    const reservation = reserve(bytes, bytes % wasmPageBytes === 0 ? 'wasm' : 'growable');
    mapOver(reservation, memfd.fd, offset);
    return new AppMapping(reservation);
  }

  /**
   * Takes the frames away: from now on an access, in any thread, ends the process with SIGSEGV. The address space stays taken until the
   * buffer is collected, for V8 owns it. Unregister first: that wakes threads that wait in a fault, this does not.
   */
  close(): void {
    if (this.#closed) return;
    // The reservation is referenced here, so the address range is still V8's and cannot be anyone else's by now.
    sealOff(this.#reservation);
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
