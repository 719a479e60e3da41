import { openSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import type { Right } from '@pagewire/protocol';
import { type AddressRange, Userfaultfd } from '@pagewire/userfaultfd';
import { afterEach, vi } from 'vitest';
import { MappedMemory } from '../src/mapped/mapped-memory.js';
import { Windows } from '../src/mapped/windows.js';
import type { MemoryWindow } from '../src/memory.js';
import { here } from './memories.js';
import { PlainThread } from './plain-thread.js';

/** What the memory told of a thread that waits. */
export interface SeenFault {
  readonly index: number;
  readonly right: Right;
  readonly threadId: number;
}

/** Looks at a condition until it holds. */
export const soon = (holds: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!holds()) throw new Error('it does not hold yet');
    },
    { interval: 1, timeout: 10_000 },
  );

let fixtures = 0;

/** Mapped memory whose pager is the test, and threads that touch it. The test's thread never does. */
export class PlainFixture {
  readonly pageBytes = here.pageBytes;
  readonly name: string;
  readonly memory: MappedMemory;
  readonly userfaultfd = Userfaultfd.open();
  readonly windows: Windows;
  readonly faults: SeenFault[] = [];
  /** What the kernel told, to be told again. */
  readonly events: { readonly address: number; readonly write: boolean; readonly threadId: number }[] = [];
  /** How many windows there were, each time that it was told. */
  readonly counts: number[] = [];
  readonly #threads: PlainThread[] = [];

  constructor(shape: { readonly pages: number; readonly pageBytes?: number }) {
    fixtures += 1;
    this.name = `plain-${process.pid}-${fixtures}`;
    this.windows = new Windows((count) => this.counts.push(count));
    this.memory = this.another(this.name, shape);
    this.memory.onPlainFault((index, right, threadId) => this.faults.push({ index, right, threadId }));
    this.userfaultfd.listen((address, _kind, write, threadId) => {
      this.events.push({ address, write, threadId });
      this.windows.fault(address, write, threadId);
    });
  }

  /** Memory of another region of the same node. */
  another(name: string, { pages, pageBytes = this.pageBytes }: { readonly pages: number; readonly pageBytes?: number }): MappedMemory {
    const { userfaultfd, windows } = this;
    return new MappedMemory(
      { name, bytes: pages * pageBytes, pageBytes },
      { userfaultfd, windows, osPageBytes: here.pageBytes, closed: () => {} },
    );
  }

  /** A window of some pages, by default of all. */
  window(first = 0, count = this.memory.pageCount - first): MemoryWindow {
    const { pageBytes } = this.memory;
    return this.memory.map({ offset: first * pageBytes, bytes: count * pageBytes });
  }

  thread(window: MemoryWindow): PlainThread {
    const thread = new PlainThread(window.buffer);
    this.#threads.push(thread);
    return thread;
  }

  /** The number of a page's first word. */
  word(index: number): number {
    return (index * this.memory.pageBytes) / 4;
  }

  /** The first word of a page's frame, as the pager sees it. */
  frameWord(index: number): number {
    const { buffer, byteOffset } = this.memory.view(index);
    return Atomics.load(new Int32Array(buffer, byteOffset, 1), 0);
  }

  /** Makes `value` the first word of pages that are not used now. */
  stage(value: number, ...pages: readonly number[]): void {
    const content = new Uint8Array(this.memory.pageBytes);
    new Int32Array(content.buffer)[0] = value;
    for (const index of pages) this.memory.stage(index, content);
  }

  /** Pages may be used from now on; those that were invalid hold `value`. */
  grant(right: Right, value: number, ...pages: readonly number[]): void {
    this.stage(value, ...pages);
    for (const index of pages) this.memory.permit(index, right);
    this.memory.flush();
  }

  /** Waits until the memory has told of `count` faults. */
  faulted(count: number): Promise<void> {
    return soon(() => this.faults.length >= count);
  }

  /** Bytes that the operating system has set aside for the frames. */
  get frameBytes(): number {
    return statSync(this.#descriptorPath).blocks * 512;
  }

  /** A descriptor of the frames that stays open when the memory is closed; the caller closes it. */
  keepDescriptor(): number {
    return openSync(this.#descriptorPath, 'r');
  }

  get #descriptorPath(): string {
    const own = (fd: string): boolean => linkOf(fd).startsWith(`/memfd:pagewire:${this.name} `);
    return `/proc/self/fd/${readdirSync('/proc/self/fd').find(own)}`;
  }

  async close(): Promise<void> {
    for (const thread of this.#threads) thread.rest();
    // Whoever still waits goes on, so that every thread can be stopped.
    for (const { index } of this.faults) {
      if (this.memory.rightOf(index) === 0) this.memory.stage(index, 'zero');
      this.memory.permit(index, 'exclusive');
    }
    this.memory.flush();
    await Promise.all(this.#threads.map((thread) => thread.stop()));
    this.memory.close();
    this.userfaultfd.close();
  }
}

/** Makes fixtures that are closed after each test of the file that calls this. */
export function plainFixtures(): (pages: number, pageBytes?: number) => PlainFixture {
  const open: PlainFixture[] = [];
  afterEach(async () => {
    for (const fixture of open.splice(0)) await fixture.close();
  });
  return (pages, pageBytes) => {
    const fixture = new PlainFixture(pageBytes === undefined ? { pages } : { pages, pageBytes });
    open.push(fixture);
    return fixture;
  };
}

/** What was asked of the kernel, as page numbers of a window that starts at `start`. */
export const pagesOf = ({ address, bytes }: AddressRange, start: number): { first: number; count: number } => ({
  first: (address - start) / here.pageBytes,
  count: bytes / here.pageBytes,
});

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // It was the descriptor of the listing itself.
    return '';
  }
}
