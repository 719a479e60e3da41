import { fstatSync } from 'node:fs';
import { assertPageMultiple } from './address-range.js';
import { invalidArgument, systemError, UserfaultfdError } from './error.js';
import { libc } from './libc.js';

const closeOnExec = 1;
const keepSize = 1;
const punchHole = 2;

/**
 * Memory that is a file without a name (memfd_create(2)): frames that can be mapped several times, in several threads and processes.
 * The descriptor belongs to the process, not to the thread that opened it: a worker that ends does not close it.
 */
export class Memfd {
  readonly fd: number;
  readonly bytes: number;
  #closed = false;

  private constructor(fd: number, bytes: number) {
    this.fd = fd;
    this.bytes = bytes;
  }

  /** New memory of `bytes` bytes, a multiple of the page size, all zero and without frames. `name` shows up in /proc/PID/maps. */
  static create(name: string, bytes: number): Memfd {
    const c = libc();
    assertPageMultiple('The length of the memfd', bytes, c.pageBytes);
    if (bytes === 0) throw invalidArgument('A memfd of 0 bytes cannot be mapped; ask for at least one page.');
    const fd = c.memfdCreate(name, closeOnExec);
    if (fd < 0) throw systemError(`memfd_create("${name}")`, c.errno(), 'Check the limit of open files (ulimit -n).');
    if (c.ftruncate(fd, bytes) < 0) {
      const error = systemError(`ftruncate of memfd "${name}" to ${bytes} bytes`, c.errno(), 'Ask for less memory.');
      c.close(fd);
      throw error;
    }
    return new Memfd(fd, bytes);
  }

  /** Takes over a descriptor that was created elsewhere, in another thread say. `close()` closes it, so only one object should own it. */
  static adopt(fd: number): Memfd {
    const { size } = fstatSync(fd);
    assertPageMultiple(`The length of descriptor ${fd}`, size, libc().pageBytes);
    return new Memfd(fd, size);
  }

  /** Gives the frames of a range back to the operating system. The range reads as zeros from then on, and mapped pages of it are gone. */
  punch(offset: number, bytes: number): void {
    this.#assertOpen();
    const c = libc();
    assertWithin(this, offset, bytes, c.pageBytes);
    if (c.fallocate(this.fd, punchHole | keepSize, offset, bytes) < 0) {
      throw systemError(`fallocate(PUNCH_HOLE) of ${bytes} bytes at ${offset}`, c.errno(), 'The frames stay where they are.');
    }
  }

  /** Closes the descriptor. Mappings, and the frames under them, last until they are closed too. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    libc().close(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new UserfaultfdError('closed', `The memfd (descriptor ${this.fd}) has been closed.`);
  }
}

/** Refuses a window that is not made of pages of the memfd. */
export function assertWithin(memfd: { readonly bytes: number }, offset: number, bytes: number, pageBytes: number): void {
  assertPageMultiple('The offset in the memfd', offset, pageBytes);
  assertPageMultiple('The length', bytes, pageBytes);
  if (bytes === 0 || offset + bytes > memfd.bytes) {
    throw invalidArgument(`${bytes} bytes at offset ${offset} are not inside the memfd, which has ${memfd.bytes} bytes.`);
  }
}
