import { type DescriptorWatch, watchReadable } from './descriptor-watch.js';
import { systemError } from './error.js';
import { libc } from './libc.js';

/**
 * - `missing`: the page is not mapped and the memfd has no frame for it
 * - `minor`: the page is not mapped and the memfd has its frame
 * - `write-protected`: the page is mapped, and someone tried to write
 */
export type FaultKind = 'missing' | 'minor' | 'write-protected';

/**
 * Called for each fault. `address` is that of the page, `write` whether the access was a write, `threadId` the kernel's id of the thread
 * that waits (gettid(2)). Plain arguments, so that a fault allocates nothing.
 *
 * A fault may be stale or repeated by the time it is heard of: look at the page's state, and answer each with an install, an unprotect or
 * a wake. It must not touch the app mapping: the thread would wait for itself.
 */
export type FaultHandler = (address: number, kind: FaultKind, write: boolean, threadId: number) => void;

/**
 * Faults arrive until it is closed; those that had been read from the kernel by then still do, for the kernel tells of each only once. It
 * keeps the event loop alive unless `unref` is called.
 */
export interface FaultListener {
  close(): void;
  ref(): void;
  unref(): void;
  [Symbol.dispose](): void;
}

/** The most events that are taken from the kernel in one read. */
const maxEventsPerRead = 128;

/** struct uffd_msg, in words of 32 bits: the event is the first byte, flags are at byte 8, the address at 16, the thread at 24. */
const eventWords = 8;
const pageFaultEvent = 0x12;
const flag = { write: 1, writeProtected: 2, minor: 4 } as const;

const eagain = 11;

/** Reads fault events from a non-blocking userfaultfd on this thread's event loop. */
export function listenToFaults(fd: number, handler: FaultHandler): FaultListener {
  const words = new Uint32Array(maxEventsPerRead * eventWords);
  let closed = false;
  const watch: DescriptorWatch = watchReadable(fd, () => {
    // A closed listener must not read on: the descriptor may be closed too, and its number be another one's by now.
    while (readBatch(fd, words, handler) === maxEventsPerRead && !closed);
  });
  const close = () => {
    closed = true;
    watch.close();
  };
  return { close, ref: () => watch.ref(), unref: () => watch.unref(), [Symbol.dispose]: close };
}

/** The number of events that were read and handled. */
function readBatch(fd: number, words: Uint32Array, handler: FaultHandler): number {
  const c = libc();
  const bytes = c.read(fd, words, words.byteLength);
  if (bytes < 0) {
    const errno = c.errno();
    if (errno === eagain) return 0;
    throw systemError(`Reading faults from descriptor ${fd}`, errno, 'Threads that fault now wait until the descriptor is closed.');
  }
  const count = bytes / (eventWords * 4);
  deliverFaults(words, count, handler);
  return count;
}

/** The kernel tells of a fault once. So one that a handler throws on must not take those after it along: they are delivered first. */
export function deliverFaults(words: Uint32Array, count: number, handler: FaultHandler): void {
  let failure: { readonly error: unknown } | undefined;
  for (let event = 0; event < count; event++) {
    const at = event * eventWords;
    if (((words[at] ?? 0) & 0xff) !== pageFaultEvent) continue;
    const flags = words[at + 2] ?? 0;
    const address = (words[at + 5] ?? 0) * 2 ** 32 + (words[at + 4] ?? 0);
    try {
      handler(address, kindOf(flags), (flags & flag.write) !== 0, words[at + 6] ?? 0);
    } catch (error) {
      failure ??= { error };
    }
  }
  if (failure) throw failure.error;
}

function kindOf(flags: number): FaultKind {
  if ((flags & flag.writeProtected) !== 0) return 'write-protected';
  return (flags & flag.minor) !== 0 ? 'minor' : 'missing';
}
