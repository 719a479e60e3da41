import type { Right } from '@pagewire/protocol';
import type { WasmMemory } from '@pagewire/userfaultfd';

/** What a caller may ask for, and what a node ends up with. */
export type MemoryMode = 'auto' | 'mapped' | 'software';
export type MemoryKind = Exclude<MemoryMode, 'auto'>;

/** A page's right as its page table holds it: rights are ordered, so `>=` answers "may it?". */
export const pageRights = { invalid: 0, readonly: 1, exclusive: 2 } as const satisfies Record<Right | 'invalid', number>;
export type PageRight = (typeof pageRights)[keyof typeof pageRights];

/** Shape of the memory of one region. */
export interface MemoryShape {
  readonly name: string;
  readonly bytes: number;
  /** Divides `bytes`. */
  readonly pageBytes: number;
}

/** A part of a region that programs touch with plain loads and stores, which fault where this node has no right. */
export interface MemoryWindow {
  /** First byte of the region that the window shows, and how many it shows. */
  readonly offset: number;
  readonly bytes: number;
  /** Can be posted to worker threads. Its byte 0 is the region's byte `offset`. */
  readonly buffer: SharedArrayBuffer;
  /** The same bytes for WebAssembly instances to import; only where `bytes` is a multiple of 64 KiB. */
  readonly memory: WasmMemory | undefined;
  /** Takes the memory away. A thread that touches it afterwards is killed by the kernel (SIGSEGV), and the process with it. */
  close(): void;
}

/** A part of a region, from a page's first byte to a page's last. `closed` is called once the window is. */
export interface WindowRange {
  readonly offset: number;
  readonly bytes: number;
  closed?(): void;
}

/** A plain access of some thread to page `index` waits for `right`. */
export type PlainFaultHandler = (index: number, right: Right, threadId: number) => void;

/**
 * The memory of one region on this node: a frame for each page, and what accesses may do with it. The pager calls the methods that name
 * an agent's effect, in the order of the effects, and `flush` before anything leaves this node and when it has performed them all. Memory
 * that the kernel guards (userfaultfd) implements them as copy, write-protect and zap; software memory keeps a table that every access
 * looks up.
 */
export interface PageMemory {
  readonly kind: MemoryKind;
  readonly pageBytes: number;
  readonly pageCount: number;
  /** What an access may do with page `index` now. */
  rightOf(index: number): PageRight;
  /** Fills the frame of an invalid page; no access sees it before `permit`. */
  stage(index: number, content: Uint8Array | 'zero'): void;
  permit(index: number, right: Right): void;
  /** Takes the right to store away. */
  protect(index: number): void;
  /** Takes every right away; the frame keeps its bytes. */
  revoke(index: number): void;
  /** Takes every right to every page away at once. */
  revokeAll(): void;
  /** The bytes of an invalid page are no longer needed; the frame may be given back to the operating system. */
  forget(index: number): void;
  /** After this, threads that touch the memory find every right as it was last set here: no store lands in a page that was taken away (I4). */
  flush(): void;
  /** The frame of page `index`, whatever its right: for the pager, which sends and copies pages. */
  view(index: number): Uint8Array;
  /** Frames follow each other up to the next multiple of this. */
  readonly seamBytes: number;
  /** The frames under `[offset, offset + length)`, which crosses no seam. The caller holds the rights (I1). */
  range(offset: number, length: number): Uint8Array;
  /** Pages with some right, in ascending order. */
  residentPages(): Iterable<number>;
  /** Who is told of plain accesses that wait. */
  onPlainFault(handler: PlainFaultHandler): void;
  /** Throws `unsupported` where plain loads and stores cannot fault, and `bad-argument` where the range is not made of whole pages. */
  map(range: WindowRange): MemoryWindow;
  /** Gives the frames back. Windows that are open end as with their `close`. */
  close(): void;
}
