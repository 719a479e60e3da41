import { closeSync, openSync, readSync } from 'node:fs';

/** Descriptors that are kept open; the thread asked about least recently goes first. */
const maxOpen = 64;

/**
 * How long threads of this process have run, from Linux's /proc/PID/task/TID/schedstat (its first number: nanoseconds on a processor;
 * see the kernel's Documentation/scheduler/sched-stats).
 */
export class ThreadTimes {
  readonly #open = new Map<number, number>();
  readonly #line = Buffer.alloc(96);

  /** Nanoseconds; `undefined` when there is no such thread, or the kernel does not count. */
  ranFor(threadId: number): number | undefined {
    const fd = this.#descriptor(threadId);
    if (fd === undefined) return undefined;
    try {
      const text = this.#line.toString('latin1', 0, readSync(fd, this.#line, 0, this.#line.length, 0));
      const ran = Number.parseInt(text, 10);
      return ran > 0 ? ran : undefined;
    } catch {
      // The thread has ended.
      this.#close(threadId);
      return undefined;
    }
  }

  close(): void {
    for (const threadId of this.#open.keys()) this.#close(threadId);
  }

  #descriptor(threadId: number): number | undefined {
    const open = this.#open.get(threadId);
    if (open !== undefined) {
      this.#open.delete(threadId);
      this.#open.set(threadId, open);
      return open;
    }
    try {
      const fd = openSync(`/proc/self/task/${threadId}/schedstat`, 'r');
      const oldest = this.#open.keys().next();
      if (this.#open.size >= maxOpen && !oldest.done) this.#close(oldest.value);
      this.#open.set(threadId, fd);
      return fd;
    } catch {
      return undefined;
    }
  }

  #close(threadId: number): void {
    const fd = this.#open.get(threadId);
    this.#open.delete(threadId);
    if (fd !== undefined) closeSync(fd);
  }
}
