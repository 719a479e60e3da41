import { createRequire } from 'node:module';
import type koffi from 'koffi';
import { UserfaultfdError } from './error.js';

/** The functions of the C library that this package calls. Addresses are plain numbers: those of user space are below 2^53. */
export interface Libc {
  mmap(address: number, bytes: number, protection: number, flags: number, fd: number, offset: number): number;
  madvise(address: number, bytes: number, advice: number): number;
  munmap(address: number, bytes: number): number;
  /** Returns its first argument. With no bytes to move it is the way to learn where a typed array stands. */
  memmove(to: ArrayBufferView, from: ArrayBufferView, bytes: number): number;
  memfdCreate(name: string, flags: number): number;
  ftruncate(fd: number, bytes: number): number;
  fallocate(fd: number, mode: number, offset: number, bytes: number): number;
  open(path: string, flags: number): number;
  close(fd: number): number;
  read(fd: number, into: ArrayBufferView, bytes: number): number;
  ioctl(fd: number, request: number, argument: ArrayBufferView): number;
  ioctlNumber(fd: number, request: number, argument: number): number;
  syscall(number: number, argument: number): number;
  sysconf(name: number): number;
  timerfdCreate(clock: number, flags: number): number;
  timerfdSettime(fd: number, flags: number, value: ArrayBufferView, previous: null): number;
  timerCreate(clock: number, event: ArrayBufferView, id: ArrayBufferView): number;
  timerSettime(id: bigint, flags: number, value: ArrayBufferView, previous: null): number;
  timerDelete(id: bigint): number;
  exit(code: number): void;
  /** The error of the last call. To be read at once: any other call may change it. */
  errno(): number;
  readonly poll: typeof koffi.node.poll;
  readonly pageBytes: number;
}

export const mapFlags = { shared: 1, private: 2, fixed: 0x10, anonymous: 0x20, noReserve: 0x4000 } as const;
export const protection = { none: 0, readWrite: 3 } as const;
export const advice = { dontNeed: 4, dontFork: 10, noHugePage: 15 } as const;
export const openFlags = { readWrite: 2, nonBlock: 0o4000, closeOnExec: 0o2000000 } as const;

const sysconfPageSize = 30;

let loaded: Libc | undefined;

/** The C library, loaded once for each thread. Throws `unsupported` where there is none to load or no koffi to load it with. */
export function libc(): Libc {
  loaded ??= loadLibc();
  return loaded;
}

function loadLibc(): Libc {
  if (process.platform !== 'linux') {
    throw new UserfaultfdError('unsupported', `userfaultfd exists on Linux only; this is ${process.platform}.`);
  }
  const ffi = loadKoffi();
  const library = loadLibrary(ffi);
  const functions = {
    mmap: library.func('mmap', 'int64_t', ['uint64_t', 'size_t', 'int', 'int', 'int', 'int64_t']),
    madvise: library.func('madvise', 'int', ['uint64_t', 'size_t', 'int']),
    munmap: library.func('munmap', 'int', ['uint64_t', 'size_t']),
    memmove: library.func('memmove', 'int64_t', ['void *', 'void *', 'size_t']),
    memfdCreate: library.func('memfd_create', 'int', ['str', 'uint']),
    ftruncate: library.func('ftruncate', 'int', ['int', 'int64_t']),
    fallocate: library.func('fallocate', 'int', ['int', 'int', 'int64_t', 'int64_t']),
    open: library.func('open', 'int', ['str', 'int']),
    close: library.func('close', 'int', ['int']),
    read: library.func('read', 'int64_t', ['int', 'void *', 'size_t']),
    ioctl: library.func('ioctl', 'int', ['int', 'ulong', 'void *']),
    ioctlNumber: library.func('ioctl', 'int', ['int', 'ulong', 'ulong']),
    syscall: library.func('syscall', 'long', ['long', 'long']),
    sysconf: library.func('sysconf', 'long', ['int']),
    timerfdCreate: library.func('timerfd_create', 'int', ['int', 'int']),
    timerfdSettime: library.func('timerfd_settime', 'int', ['int', 'int', 'void *', 'void *']),
    timerCreate: library.func('timer_create', 'int', ['int', 'void *', 'void *']),
    timerSettime: library.func('timer_settime', 'int', ['uint64_t', 'int', 'void *', 'void *']),
    timerDelete: library.func('timer_delete', 'int', ['uint64_t']),
    exit: library.func('_exit', 'void', ['int']),
  };
  return { ...functions, errno: () => ffi.errno(), poll: ffi.node.poll, pageBytes: functions.sysconf(sysconfPageSize) };
}

function loadKoffi(): typeof koffi {
  try {
    // By require, so that this package can be imported, and say what is missing, where koffi has no binary.
    return createRequire(import.meta.url)('koffi');
  } catch (error) {
    throw new UserfaultfdError(
      'unsupported',
      `The koffi package could not be loaded for ${process.platform}-${process.arch}: ${said(error)}`,
    );
  }
}

function loadLibrary(ffi: typeof koffi): ReturnType<typeof koffi.load> {
  const muslArch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  // glibc; musl by its own name; whatever the linker calls libc.
  const names = ['libc.so.6', `libc.musl-${muslArch}.so.1`, 'libc.so'];
  const failures: string[] = [];
  for (const name of names) {
    try {
      return ffi.load(name);
    } catch (error) {
      failures.push(said(error));
    }
  }
  throw new UserfaultfdError('unsupported', `No C library could be loaded under the names ${names.join(', ')}: ${failures.join('; ')}`);
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
