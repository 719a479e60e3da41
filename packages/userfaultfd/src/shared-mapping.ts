import { invalidArgument, systemError, UserfaultfdError } from './error.js';
import { advice, libc, mapFlags, protection } from './libc.js';

export const wasmPageBytes = 65536;

/** The most that one mapping spans: what a WebAssembly memory, and a SharedArrayBuffer of Node 20, can be. */
export const maxMappingBytes = 2 ** 32;

/**
 * A shared WebAssembly.Memory, to be imported into instances. Spelled out here because its type comes with the DOM's, which Node programs
 * seldom have; the two fit each other.
 */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared: true }) => WasmMemory;
};

/** Shared memory of V8's own, and where it stands. V8 unmaps it when nobody in any thread refers to it any more. */
export interface Reservation {
  readonly buffer: SharedArrayBuffer;
  readonly memory: WasmMemory | undefined;
  readonly address: number;
}

/**
 * Whole pages of address space that V8 owns as a SharedArrayBuffer. A WebAssembly memory has pages of its own always; so has a growable
 * SharedArrayBuffer, while a plain one comes from malloc and shares its pages with others.
 */
export function reserve(bytes: number, kind: 'wasm' | 'growable'): Reservation {
  const c = libc();
  const memory = kind === 'wasm' ? wasmMemory(bytes) : undefined;
  const buffer = memory ? memory.buffer : growableBuffer(bytes);
  if (buffer.byteLength !== bytes) {
    throw new UserfaultfdError('unsupported', `Node ${process.version} did not give shared memory of exactly ${bytes} bytes.`);
  }
  const view = new Uint8Array(buffer, 0, 1);
  const address = c.memmove(view, view, 0);
  if (!Number.isSafeInteger(address) || address % c.pageBytes !== 0) {
    throw new UserfaultfdError(
      'unsupported',
      `Node ${process.version} put shared memory of ${bytes} bytes at ${address}, which is no page boundary. ` +
        `Ask for a multiple of ${wasmPageBytes} bytes.`,
    );
  }
  return { buffer, memory, address };
}

function growableBuffer(bytes: number): SharedArrayBuffer {
  // Node 20 takes the length to which a buffer may grow; the types of ES2023 do not know of it yet.
  const Growable = SharedArrayBuffer as new (bytes: number, options: { maxByteLength: number }) => SharedArrayBuffer;
  return new Growable(bytes, { maxByteLength: bytes });
}

function wasmMemory(bytes: number): WasmMemory {
  const pages = bytes / wasmPageBytes;
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** Puts the memfd's frames where the reservation's memory was. The address space still belongs to V8, which unmaps it when it is collected. */
export function mapOver(reservation: Reservation, fd: number, offset: number): void {
  const c = libc();
  const { address, buffer } = reservation;
  const bytes = buffer.byteLength;
  const at = c.mmap(address, bytes, protection.readWrite, mapFlags.shared | mapFlags.fixed, fd, offset);
  if (at !== address) {
    throw systemError(
      `mmap of ${bytes} bytes of descriptor ${fd} at offset ${offset}`,
      c.errno(),
      'Map a smaller window, or close others.',
    );
  }
  // A child that shared these pages would find zeros in place of faults.
  if (c.madvise(address, bytes, advice.dontFork) < 0) {
    throw systemError(
      `madvise(DONTFORK) of ${bytes} bytes`,
      c.errno(),
      'Without it a forked child would read zeros, so the mapping is given up.',
    );
  }
  // Rights are kept by page, so a huge page has to be split anyway. A kernel without huge pages refuses, which is as good.
  c.madvise(address, bytes, advice.noHugePage);
}

/** Makes the reservation inaccessible: whoever still uses it gets a segmentation fault, not someone else's bytes. */
export function sealOff(reservation: Reservation): void {
  const c = libc();
  const { address, buffer } = reservation;
  const flags = mapFlags.private | mapFlags.anonymous | mapFlags.fixed | mapFlags.noReserve;
  if (c.mmap(address, buffer.byteLength, protection.none, flags, -1, 0) !== address) {
    throw systemError(`mmap(PROT_NONE) of ${buffer.byteLength} bytes`, c.errno(), 'The mapping is still in place.');
  }
}

export function assertMappable(bytes: number, what: string): void {
  if (bytes > maxMappingBytes) {
    throw invalidArgument(`${what} of ${bytes} bytes is over the ${maxMappingBytes} bytes that one mapping spans; map a window of it.`);
  }
}
