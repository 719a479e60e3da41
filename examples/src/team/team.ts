import type {} from './web-assembly.js';

/** The unit of coherence: two members that write to one page take it from each other, so a layout gives each page one writer. */
export const PAGE_BYTES = 4096;

/** What memory that spans processes has cost one member so far. */
export interface Traffic {
  /** Accesses that needed a page to be readable, or writable, here. */
  readonly readFaults: number;
  readonly writeFaults: number;
  /** Pages whose bytes came here from another process. */
  readonly pages: number;
}

/**
 * One of `size` workers that share memory. Programs are written against this alone, so they cannot tell the threads of one process from
 * the processes of a cluster: only where the memory comes from differs.
 */
export interface Team {
  /** 0 to `size` - 1. */
  readonly rank: number;
  readonly size: number;
  /** The same memory for every member that names it; zeros at first. `bytes` is rounded up to whole WebAssembly pages of 64 KiB. */
  share(name: string, bytes: number): Promise<SharedArrayBuffer>;
  /** Like `share`, as a memory that a WebAssembly instance can import. */
  shareMemory(name: string, bytes: number): Promise<WebAssembly.Memory>;
  /** Resolves when all members have arrived; the next call is the next round. */
  barrier(): Promise<void>;
  /** Undefined where memory is plain and costs nothing that could be counted. */
  traffic(): Traffic | undefined;
}

const WASM_PAGE_BYTES = 65_536;

export function wasmPages(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / WASM_PAGE_BYTES));
}

export function roundedUp(bytes: number): number {
  return wasmPages(bytes) * WASM_PAGE_BYTES;
}
