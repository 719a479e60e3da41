import { invariant, PagewireError, type Right } from '@pagewire/protocol';
import { type MemoryShape, type MemoryWindow, type PageMemory, type PageRight, pageRights } from './memory.js';

/**
 * Frames in one SharedArrayBuffer, the frame of page i at byte i × pageBytes, so that a range of pages is a range of bytes; rights in a
 * table beside it, which every access of the region looks up. The operating system commits a frame when it is first written.
 */
export class SoftwareMemory implements PageMemory {
  readonly kind = 'software';
  readonly seamBytes = Number.POSITIVE_INFINITY;
  readonly #name: string;
  readonly pageBytes: number;
  readonly pageCount: number;
  readonly #frames: Uint8Array;
  readonly #rights: Uint8Array;

  constructor(shape: MemoryShape) {
    invariant(shape.bytes % shape.pageBytes === 0, `region "${shape.name}" of ${shape.bytes} bytes has whole pages of ${shape.pageBytes}`);
    this.#name = shape.name;
    this.pageBytes = shape.pageBytes;
    this.pageCount = shape.bytes / shape.pageBytes;
    try {
      this.#frames = new Uint8Array(new SharedArrayBuffer(shape.bytes));
      this.#rights = new Uint8Array(this.pageCount);
    } catch (cause) {
      throw new PagewireError(
        'unsupported',
        `software memory for region "${shape.name}" needs ${shape.bytes} bytes in one SharedArrayBuffer, and this process cannot have them; ` +
          'raise its memory limit, or split the data over several smaller regions',
        { cause },
      );
    }
  }

  rightOf(index: number): PageRight {
    // Only `pageRights` are ever stored in the table.
    return this.#rights[index] as PageRight;
  }

  stage(index: number, content: Uint8Array | 'zero'): void {
    const frame = this.view(index);
    if (content === 'zero') {
      frame.fill(0);
    } else {
      invariant(content.length === this.pageBytes, `page ${index} is staged with ${this.pageBytes} bytes, not ${content.length}`);
      frame.set(content);
    }
  }

  permit(index: number, right: Right): void {
    this.#rights[index] = pageRights[right];
  }

  protect(index: number): void {
    this.#rights[index] = pageRights.readonly;
  }

  revoke(index: number): void {
    this.#rights[index] = pageRights.invalid;
  }

  revokeAll(): void {
    this.#rights.fill(pageRights.invalid);
  }

  forget(_index: number): void {
    // A SharedArrayBuffer cannot give part of itself back; the frame is overwritten when the page comes again.
  }

  flush(): void {
    // Every access looks the table up: what was set holds at once.
  }

  view(index: number): Uint8Array {
    return this.#frames.subarray(index * this.pageBytes, (index + 1) * this.pageBytes);
  }

  range(offset: number, length: number): Uint8Array {
    return this.#frames.subarray(offset, offset + length);
  }

  *residentPages(): Generator<number> {
    for (let index = 0; index < this.pageCount; index++) {
      if (this.#rights[index] !== pageRights.invalid) yield index;
    }
  }

  onPlainFault(): void {
    // There are none.
  }

  map(): MemoryWindow {
    throw new PagewireError(
      'unsupported',
      `region "${this.#name}" is in software memory, where plain loads and stores cannot fault; use pin() for bytes in place, or read, write and atomics`,
    );
  }

  close(): void {
    // The frames go with the last reference to them.
  }
}
