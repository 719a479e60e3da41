import { errnoName } from './error.js';
import { type FeatureName, requiredFeatures } from './features.js';
import { advice, libc, mapFlags, protection } from './libc.js';
import { RangeIoctl, request } from './range-ioctl.js';

/**
 * Registers one page, installs it write-protected, makes it writable and drops it: kernels that have the features do not all have the
 * modes. The sentence that says what failed, or nothing.
 */
export function tryPageOperations(fd: number, features: readonly FeatureName[]): string | undefined {
  // Without the features the trial tells nothing that their absence does not.
  if (!requiredFeatures.every((name) => features.includes(name))) return undefined;
  const c = libc();
  const memfd = c.memfdCreate('userfaultfd-probe', 1);
  if (memfd < 0) return `memfd_create failed with ${errnoName(c.errno())}.`;
  try {
    if (c.ftruncate(memfd, c.pageBytes) < 0) return `ftruncate of a memfd failed with ${errnoName(c.errno())}.`;
    // Gives the memfd its frame, without touching the mapping.
    if (c.fallocate(memfd, 0, 0, c.pageBytes) < 0) return `fallocate of a memfd failed with ${errnoName(c.errno())}.`;
    const address = c.mmap(0, c.pageBytes, protection.readWrite, mapFlags.shared, memfd, 0);
    if (address < 0) return `mmap of a memfd failed with ${errnoName(c.errno())}.`;
    const failure = tryOn(fd, address, c.pageBytes);
    c.munmap(address, c.pageBytes);
    return failure;
  } finally {
    c.close(memfd);
  }
}

function tryOn(fd: number, address: number, pageBytes: number): string | undefined {
  const ioctl = new RangeIoctl(fd);
  const steps: readonly [string, number, number][] = [
    ['register shared memory for missing, minor and write-protect faults', request.register, 7],
    ['install a page write-protected', request.continue, 2],
    ['make a write-protected page writable', request.writeProtect, 0],
    ['write-protect a page', request.writeProtect, 1],
  ];
  for (const [what, number, mode] of steps) {
    const { errno } = ioctl.send(number, address, pageBytes, mode);
    if (errno !== 0) return `The kernel refused to ${what} with ${errnoName(errno)}.`;
  }
  const c = libc();
  return c.madvise(address, pageBytes, advice.dontNeed) < 0 ? `madvise(DONTNEED) failed with ${errnoName(c.errno())}.` : undefined;
}
