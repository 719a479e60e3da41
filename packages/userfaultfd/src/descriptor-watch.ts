import { libc } from './libc.js';

/** A descriptor on this thread's event loop. It keeps the loop alive, as a socket does, unless `unref` is called. */
export interface DescriptorWatch {
  close(): void;
  ref(): void;
  unref(): void;
}

// koffi stops a poll whose handle is collected, and then nobody would serve the faults: every handle is kept until it is closed.
const open = new Set<DescriptorWatch>();

/**
 * Calls `readable` each time the loop finds the descriptor, which must be non-blocking, ready to read. The only place that knows how a
 * descriptor gets onto the loop. `readable` may close the watch; what it throws becomes an uncaught exception. Promises and ticks that it
 * makes ready run in the same turn of the loop: koffi calls from outside of Node's callback scopes, but Node opens one in each turn.
 */
export function watchReadable(fd: number, readable: () => void): DescriptorWatch {
  let closed = false;
  const handle = libc().poll(fd, { readable: true }, () => {
    if (closed) return;
    try {
      readable();
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  });
  const watch = {
    close(): void {
      if (closed) return;
      closed = true;
      open.delete(watch);
      handle.close();
    },
    ref: () => {
      if (!closed) handle.ref();
    },
    unref: () => {
      if (!closed) handle.unref();
    },
  };
  open.add(watch);
  return watch;
}
