import { invariant, PagewireError, type Right } from '@pagewire/protocol';
import { AliasMapping, AppMapping, Memfd, type Userfaultfd, type WasmMemory } from '@pagewire/userfaultfd';
import {
  type MemoryShape,
  type MemoryWindow,
  type PageMemory,
  type PageRight,
  type PlainFaultHandler,
  pageRights,
  type WindowRange,
} from '../memory.js';
import { PageRuns } from './page-runs.js';
import type { Windows } from './windows.js';

/** What is to be done to the mappings of some pages. */
type Change = 'install-readonly' | 'install-exclusive' | 'unprotect' | 'protect' | 'drop';

/** What a memory shares with the others of its node. */
export interface MappedMemoryParts {
  readonly userfaultfd: Userfaultfd;
  /** The windows of all memories, by address. */
  readonly windows: Windows;
  /** A page of the operating system, in bytes. */
  readonly osPageBytes: number;
  closed(): void;
}

/**
 * Frames in a memfd. The pager uses them through one mapping that never faults; programs use them through windows, which are registered
 * with userfaultfd: a page is mapped there while this node may use it, and write-protected while it may only read it.
 *
 * Changes of neighbouring pages are gathered into one system call: `flush` makes them, and so does whatever would meet them too early. The
 * bytes of a page that is taken away are read only after the call that took it, when no thread can store to it any more.
 */
export class MappedMemory implements PageMemory {
  readonly kind = 'mapped';
  readonly seamBytes = AliasMapping.pieceBytes;
  readonly pageBytes: number;
  readonly pageCount: number;
  readonly #name: string;
  readonly #bytes: number;
  readonly #parts: MappedMemoryParts;
  readonly #memfd: Memfd;
  readonly #alias: AliasMapping;
  readonly #rights: Uint8Array;
  readonly #open = new Set<Window>();
  readonly #forgotten = new PageRuns();
  #pending: { readonly change: Change; readonly first: number; count: number } | undefined;
  #handler: PlainFaultHandler | undefined;
  #isClosed = false;

  constructor(shape: MemoryShape, parts: MappedMemoryParts) {
    this.#name = shape.name;
    this.#bytes = shape.bytes;
    this.#parts = parts;
    this.pageBytes = shape.pageBytes;
    this.pageCount = shape.bytes / shape.pageBytes;
    try {
      this.#rights = new Uint8Array(this.pageCount);
      this.#memfd = Memfd.create(`pagewire:${shape.name}`, Math.ceil(shape.bytes / parts.osPageBytes) * parts.osPageBytes);
    } catch (cause) {
      throw tooLarge(shape, cause);
    }
    try {
      this.#alias = AliasMapping.of(this.#memfd);
    } catch (cause) {
      this.#memfd.close();
      throw tooLarge(shape, cause);
    }
  }

  rightOf(index: number): PageRight {
    // Only `pageRights` are ever stored in the table.
    return this.#rights[index] as PageRight;
  }

  stage(index: number, content: Uint8Array | 'zero'): void {
    const frame = this.view(index);
    this.#forgotten.delete(index);
    if (content === 'zero') {
      frame.fill(0);
    } else {
      invariant(content.length === this.pageBytes, `page ${index} is staged with ${this.pageBytes} bytes, not ${content.length}`);
      frame.set(content);
    }
  }

  permit(index: number, right: Right): void {
    const before = this.#rights[index];
    this.#rights[index] = pageRights[right];
    this.#forgotten.delete(index);
    if (before === pageRights.invalid) this.#change(index, right === 'readonly' ? 'install-readonly' : 'install-exclusive');
    else if (right === 'exclusive') this.#change(index, 'unprotect');
    else this.#change(index, 'protect');
  }

  protect(index: number): void {
    this.#rights[index] = pageRights.readonly;
    this.#change(index, 'protect');
  }

  revoke(index: number): void {
    this.#rights[index] = pageRights.invalid;
    this.#change(index, 'drop');
  }

  revokeAll(): void {
    this.#pending = undefined;
    this.#rights.fill(pageRights.invalid);
    for (const window of this.#open) this.#parts.userfaultfd.drop(window.mapping);
  }

  forget(index: number): void {
    if (this.pageBytes % this.#parts.osPageBytes === 0) this.#forgotten.add(index);
  }

  flush(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    const from = pending.first * this.pageBytes;
    const to = from + pending.count * this.pageBytes;
    for (const window of this.#open) {
      const start = Math.max(from, window.offset);
      const end = Math.min(to, window.offset + window.bytes);
      if (start < end) this.#make(pending.change, { address: window.mapping.address + start - window.offset, bytes: end - start });
    }
  }

  view(index: number): Uint8Array {
    return this.range(index * this.pageBytes, this.pageBytes);
  }

  range(offset: number, length: number): Uint8Array {
    // A frame is not read, nor filled, while a thread may still store to it.
    if (this.#pending?.change === 'drop' || this.#pending?.change === 'protect') this.flush();
    return this.#alias.view(offset, length);
  }

  *residentPages(): Generator<number> {
    for (let index = 0; index < this.pageCount; index++) {
      if (this.#rights[index] !== pageRights.invalid) yield index;
    }
  }

  onPlainFault(handler: PlainFaultHandler): void {
    this.#handler = handler;
  }

  map({ offset, bytes, closed }: WindowRange): MemoryWindow {
    this.#checkWindow(offset, bytes);
    const { userfaultfd, windows } = this.#parts;
    const mapping = this.#reserved(offset, bytes);
    try {
      userfaultfd.register(mapping);
    } catch (error) {
      mapping.close();
      throw error;
    }
    const window = new Window(mapping, { offset, bytes }, () => {
      this.#open.delete(window);
      windows.delete(mapping);
      // What takes its place is not registered, so threads that wait in it are woken by hand, and end there.
      mapping.close();
      userfaultfd.wake(mapping);
      userfaultfd.unregister(mapping);
      closed?.();
    });
    this.#open.add(window);
    windows.add(mapping, (at, write, threadId) => this.#faulted(window, at, write, threadId));
    return window;
  }

  /** Gives the frames of pages that were forgotten back to the operating system. */
  trim(): void {
    for (const { first, count } of this.#forgotten.take()) this.#memfd.punch(first * this.pageBytes, count * this.pageBytes);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const window of this.#open) window.close();
    // The alias stays mapped until its last view is collected; its frames need not.
    this.#memfd.punch(0, this.#memfd.bytes);
    this.#alias.close();
    this.#memfd.close();
    this.#parts.closed();
  }

  #reserved(offset: number, bytes: number): AppMapping {
    try {
      return AppMapping.over(this.#memfd, { offset, bytes });
    } catch (cause) {
      // What V8 throws when it has no address space left.
      if (!(cause instanceof RangeError)) throw cause;
      throw new PagewireError(
        'overloaded',
        `mapping ${bytes} bytes of region "${this.#name}": this process has no address space left for one more buffer; ` +
          'those of closed regions and windows give theirs back when nothing refers to them any more',
        { cause },
      );
    }
  }

  /** `at` is the faulting byte of the window. */
  #faulted(window: Window, at: number, write: boolean, threadId: number): void {
    const index = Math.floor((window.offset + at) / this.pageBytes);
    const right: Right = write ? 'exclusive' : 'readonly';
    if (this.rightOf(index) >= pageRights[right]) this.#reinstall(window, index);
    else this.#handler?.(index, right, threadId);
  }

  /**
   * A thread faulted on a page that may be used: the event is older than the right, or the window is newer, or the kernel had unmapped the
   * page (reclaim and migration may). The page is mapped as it should be, which wakes whoever waits for it.
   */
  #reinstall(window: Window, index: number): void {
    this.flush();
    const start = Math.max(index * this.pageBytes, window.offset);
    const end = Math.min((index + 1) * this.pageBytes, window.offset + window.bytes);
    const range = { address: window.mapping.address + start - window.offset, bytes: end - start };
    this.#make(this.rightOf(index) === pageRights.exclusive ? 'install-exclusive' : 'install-readonly', range);
  }

  #change(index: number, change: Change): void {
    const pending = this.#pending;
    if (pending?.change === change && pending.first + pending.count === index) {
      pending.count += 1;
      return;
    }
    this.flush();
    if (this.#open.size > 0) this.#pending = { change, first: index, count: 1 };
  }

  #make(change: Change, range: { readonly address: number; readonly bytes: number }): void {
    const { userfaultfd } = this.#parts;
    switch (change) {
      case 'install-readonly':
        return userfaultfd.install(range, false);
      case 'install-exclusive':
        return userfaultfd.install(range, true);
      case 'unprotect':
        return userfaultfd.unprotect(range);
      case 'protect':
        return userfaultfd.protect(range);
      case 'drop':
        return userfaultfd.drop(range);
    }
  }

  #checkWindow(offset: number, bytes: number): void {
    // Its descriptor may be another file's by now.
    if (this.#isClosed) throw new PagewireError('closed', `region "${this.#name}" was closed; open it again`);
    const { osPageBytes } = this.#parts;
    const what = `mapping ${bytes} bytes from ${offset} of region "${this.#name}"`;
    if (this.pageBytes % osPageBytes !== 0) {
      throw new PagewireError(
        'unsupported',
        `${what}: its pages of ${this.pageBytes} bytes are not whole pages of this machine (${osPageBytes} bytes), so the kernel cannot guard them; ` +
          'create the region with a pageBytes that is a multiple of that, or use pin(), read, write and atomics',
      );
    }
    const whole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0 && value % this.pageBytes === 0;
    if (!whole(offset) || !whole(bytes) || bytes === 0) {
      throw new PagewireError('bad-argument', `${what}: a window starts at a page and has whole pages, of ${this.pageBytes} bytes`);
    }
    if (offset + bytes > this.#bytes) throw new PagewireError('out-of-range', `${what}: the region has ${this.#bytes} bytes`);
    if (bytes > longestWindowBytes) {
      throw new PagewireError(
        'unsupported',
        `${what}: one buffer may have ${longestWindowBytes} bytes; map the parts that you need with map()`,
      );
    }
  }
}

/** The longest memory of 32-bit WebAssembly. */
const longestWindowBytes = 4 * 1024 ** 3;

class Window implements MemoryWindow {
  readonly offset: number;
  readonly bytes: number;
  readonly mapping: AppMapping;
  readonly #closed: () => void;
  #isOpen = true;

  constructor(mapping: AppMapping, range: { readonly offset: number; readonly bytes: number }, closed: () => void) {
    this.mapping = mapping;
    this.offset = range.offset;
    this.bytes = range.bytes;
    this.#closed = closed;
  }

  get buffer(): SharedArrayBuffer {
    return this.mapping.buffer;
  }

  get memory(): WasmMemory | undefined {
    return this.mapping.memory;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#closed();
  }
}

function tooLarge({ name, bytes }: MemoryShape, cause: unknown): PagewireError {
  return new PagewireError(
    'unsupported',
    `mapped memory for region "${name}" needs ${bytes} bytes of address space, and this process cannot have them; ` +
      'raise its memory limit, or split the data over several smaller regions',
    { cause },
  );
}
