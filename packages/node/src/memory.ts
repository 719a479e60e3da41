import type { Right } from '@pagewire/protocol';

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

/**
 * The memory of one region on this node: a frame for each page, and what accesses may do with it. The pager calls the methods that name
 * an agent's effect, in the order of the effects; each is done when it returns. Memory that the kernel guards (userfaultfd) implements
 * them as copy, write-protect and zap; software memory keeps a table that every access looks up.
 */
export interface PageMemory {
  readonly kind: MemoryKind;
  readonly pageBytes: number;
  readonly pageCount: number;
  /** The memory that programs touch directly; `undefined` where plain loads and stores cannot fault. */
  readonly buffer: SharedArrayBuffer | undefined;
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
  /** The frame of page `index`, whatever its right: for the pager, which sends and copies pages. */
  view(index: number): Uint8Array;
  /** The frames under `[offset, offset + length)`, which follow each other. The caller holds the rights (I1). */
  range(offset: number, length: number): Uint8Array;
  /** Pages with some right, in ascending order. */
  residentPages(): Iterable<number>;
}
