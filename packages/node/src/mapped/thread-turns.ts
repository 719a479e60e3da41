import { closeSync, openSync, readSync } from 'node:fs';

/** Descriptors that are kept open; the thread asked about least recently goes first. */
const maxOpen = 64;

/**
 * How often threads of this process have been given a processor, from Linux's /proc/PID/task/TID/schedstat (its third number; see the kernel's
 * Documentation/scheduler/sched-stats). The first one, the nanoseconds on a processor, would not do: for a thread that runs it is brought up
 * to date at the next tick only, milliseconds later.
 */
export class ThreadTurns {
  readonly #open = new Map<number, number>();
  readonly #line = Buffer.alloc(96);

  /** `undefined` when there is no such thread, or the kernel does not count. */
  turnsOf(threadId: number): number | undefined {
    const fd = this.#descriptor(threadId);
    if (fd === undefined) return undefined;
    try {
      const text = this.#line.toString('latin1', 0, readSync(fd, this.#line, 0, this.#line.length, 0));
      const turns = Number(text.split(' ', 3)[2]?.trimEnd());
      return turns > 0 ? turns : undefined;
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
