import type { Atomic, RegionAccess, RegionId, Right, WitnessedAccess } from '@pagewire/protocol';
import type { WasmMemory } from '@pagewire/userfaultfd';
import type { MemoryWindow } from './memory.js';
import type { WaitLimit, WaitResult } from './sync/sync-objects.js';

/**
 * Bytes that stay this node's until they are released: while a pin is held, no other node gains a right that conflicts with it. Hold it
 * briefly, because other nodes wait for it. A pin ends early when the node is fenced.
 */
export interface Pin extends AsyncDisposable {
  /** `exclusive` bytes may be stored to; `readonly` bytes must not be: such a store is lost, and is not detected in software memory. */
  readonly right: Right;
  /** First pinned byte of the region, and how many bytes the pin covers. */
  readonly offset: number;
  readonly length: number;
  /**
   * The pinned bytes, in place. Fetch it for each use rather than keep it: after `release` it throws `closed`, and after the node was
   * fenced it throws `fenced`, whereas a view kept from before can tell neither.
   */
  readonly bytes: Uint8Array;
  /** Lets the pages go. Calling it again does nothing. */
  release(): void;
}

/** A region as one node sees it. Offsets and lengths are bytes; every failure is a `PagewireError`. */
export interface Region extends RegionAccess, AsyncDisposable {
  readonly id: RegionId;
  /**
   * The whole region as shared memory: loads, stores and `Atomics` of any thread that it is posted to wait while a page comes, and go on.
   * Closing the handle takes it away: no thread may touch it afterwards. None may wait on it with `Atomics.wait`: see `wait`. A size that is a
   * multiple of 64 KiB is fastest (docs/mapped-memory.md). Mapped memory only: throws `unsupported` in software memory, which
   * cannot make plain loads and stores wait, for pages that the kernel cannot guard, and for regions over 4 GiB (see `map`).
   *
   * A load or a store cannot fail. When a page is not to be had (it was lost, its deadline passed, this node was fenced), the process ends
   * with one of {@link exitCodes}, and a line on standard error says why.
   */
  readonly buffer: SharedArrayBuffer;
  /** `buffer` for WebAssembly instances to import; throws `unsupported` also where the region's size is not a multiple of 64 KiB. */
  readonly memory: WasmMemory;
  /** A part of the region as shared memory, like `buffer`. Both ends lie between pages. Windows may overlap. */
  map(range: { readonly offset: number; readonly bytes: number }): Promise<MemoryWindow>;
  /**
   * The same accesses with a witness for each, for histories that are checked afterwards. Plain loads and stores of mapped memory, and what is done
   * through pins, have none: nobody sees when they happen. In mapped memory a witnessed access ends when others may depend on it.
   */
  readonly witnessed: WitnessedAccess;
  /** Applies one atomic given as data; resolves as `atomics` does. */
  operate(offset: number, atomic: Atomic): Promise<number | bigint>;
  /** Gains `right` (exclusive unless said otherwise) to every page of the range and holds it until released. At most `limits.maxPagesPerPin` pages. */
  pin(offset: number, length: number, right?: Right): Promise<Pin>;
  /** Brings the range here with `right` (readonly unless said otherwise); resolves when every page of it has been here once. */
  prefetch(offset: number, length: number, right?: Right): Promise<void>;
  /**
   * Waits until somebody notifies the address, if it holds `expected`: a number is compared as int32, a bigint as bigint64. `not-equal` when it does
   * not, or holds something else before anybody notified; then, and after `ok`, look at the memory and decide again. No wake-up is lost: whoever
   * stores another value and then notifies, from any node, wakes those that saw the old one. A node that dies, is closed or leaves in between counts as notifying. `timeoutMs` bounds it
   * also where the page does not come: with 0 it is `timed-out` unless the page is here.
   */
  wait(offset: number, expected: number | bigint, options?: WaitLimit): Promise<WaitResult>;
  /**
   * Wakes up to `count` (all) of those that wait on the address, in the order in which they came, after the writes that were begun here before.
   * Resolves with how many it woke.
   */
  notify(offset: number, count?: number): Promise<number>;
  /** Releases this handle, its pins and its waits; the last handle of the region gives its pages back. The region and its bytes go on existing. */
  close(): Promise<void>;
}
