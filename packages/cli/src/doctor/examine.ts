import { accessSync, constants, readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { chooseMemory, type MemoryChoice } from '@pagewire/node';
import { type Probe, probe } from '@pagewire/userfaultfd';

/** May this user open /dev/userfaultfd? */
export type DeviceAccess = 'accessible' | 'forbidden' | 'absent';

/** What was found by looking at a machine and at what this process may do there. */
export interface Findings {
  readonly probe: Probe;
  /** What `memory: 'auto'` takes. */
  readonly auto: MemoryChoice;
  readonly root: boolean;
  readonly device: DeviceAccess;
  /** Contents of /proc/sys/vm/unprivileged_userfaultfd, where there is one. */
  readonly unprivilegedUserfaultfd: string | undefined;
  /** Contents of /proc/sys/vm/overcommit_memory, where there is one. */
  readonly overcommit: string | undefined;
  /** Contents of /proc/self/limits, where there is one. */
  readonly processLimits: string | undefined;
  /** Contents of /proc/self/statm, where there is one. */
  readonly processPages: string | undefined;
  readonly totalBytes: number;
  /** The limit of this process's control group in bytes; not below `totalBytes` where there is none, or 0. */
  readonly constrainedBytes: number;
}

/** Looks around. Changes nothing and never throws. */
export function examine(): Findings {
  return {
    probe: probe(),
    auto: chooseMemory('auto'),
    root: process.geteuid?.() === 0,
    device: deviceAccess('/dev/userfaultfd'),
    unprivilegedUserfaultfd: contents('/proc/sys/vm/unprivileged_userfaultfd'),
    overcommit: contents('/proc/sys/vm/overcommit_memory'),
    processLimits: contents('/proc/self/limits'),
    processPages: contents('/proc/self/statm'),
    totalBytes: totalmem(),
    constrainedBytes: process.constrainedMemory?.() ?? 0,
  };
}

function deviceAccess(path: string): DeviceAccess {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return 'accessible';
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return absent ? 'absent' : 'forbidden';
  }
}

function contents(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
