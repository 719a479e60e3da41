import { bitsOf, type FeatureName, featuresOf } from './features.js';
import { libc, openFlags } from './libc.js';

const syscallNumbers: Readonly<Record<string, number>> = { x64: 323, arm64: 282 };
const devicePath = '/dev/userfaultfd';
const newFromDevice = 0xaa00;
const userModeOnlyFlag = 1;
const apiRequest = 0xc018aa3f;
const apiVersion = 0xaa;

/** One attempt to open a userfaultfd, and how it ended: `errno` is 0 where it succeeded. */
export interface Attempt {
  readonly via: 'syscall' | '/dev/userfaultfd';
  readonly userModeOnly: boolean;
  readonly errno: number;
}

export interface OpenedDescriptor {
  readonly fd: number;
  readonly via: 'syscall' | '/dev/userfaultfd';
  readonly userModeOnly: boolean;
}

/** A descriptor, or nothing and the attempts that were made. */
export interface Opening {
  readonly opened: OpenedDescriptor | undefined;
  readonly attempts: readonly Attempt[];
}

/**
 * Opens a userfaultfd, from the ways that serve more to those that serve less: one that also serves faults made inside the kernel needs
 * CAP_SYS_PTRACE, the sysctl vm.unprivileged_userfaultfd, or access to the device; one for user mode only needs nothing (userfaultfd(2)).
 */
export function openDescriptor(): Opening {
  const attempts: Attempt[] = [];
  const ways: readonly [Attempt['via'], boolean, () => number][] = [
    ['syscall', false, () => bySyscall(0)],
    ['/dev/userfaultfd', false, byDevice],
    ['syscall', true, () => bySyscall(userModeOnlyFlag)],
  ];
  for (const [via, userModeOnly, open] of ways) {
    const fd = open();
    attempts.push({ via, userModeOnly, errno: fd < 0 ? -fd : 0 });
    if (fd >= 0) return { opened: { fd, via, userModeOnly }, attempts };
  }
  return { opened: undefined, attempts };
}

/** The descriptor, or minus the error number. */
function bySyscall(flags: number): number {
  const c = libc();
  const number = syscallNumbers[process.arch];
  if (number === undefined) return -38; // ENOSYS
  const fd = c.syscall(number, openFlags.closeOnExec | openFlags.nonBlock | flags);
  return fd < 0 ? -c.errno() : fd;
}

function byDevice(): number {
  const c = libc();
  const device = c.open(devicePath, openFlags.readWrite | openFlags.closeOnExec);
  if (device < 0) return -c.errno();
  const fd = c.ioctlNumber(device, newFromDevice, openFlags.closeOnExec | openFlags.nonBlock);
  const result = fd < 0 ? -c.errno() : fd;
  c.close(device);
  return result;
}

/** The answer to UFFDIO_API: all features of the kernel, or the error number. */
export type Handshake = { readonly features: readonly FeatureName[] } | { readonly errno: number };

/** Agrees on features with the kernel; a descriptor can do this once. Asked for none, the kernel still tells all it has. */
export function handshake(fd: number, wanted: readonly FeatureName[]): Handshake {
  const c = libc();
  const argument = new Uint32Array([apiVersion, 0, bitsOf(wanted), 0, 0, 0]);
  if (c.ioctl(fd, apiRequest, argument) < 0) return { errno: c.errno() };
  return { features: featuresOf(argument[2] ?? 0) };
}
