import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { UserfaultfdError } from './error.js';
import type { FeatureName } from './features.js';
import { libc } from './libc.js';
import { handshake, type Opening, openDescriptor } from './open-descriptor.js';
import { type Machine, type Probe, report } from './probe-report.js';
import { tryPageOperations } from './probe-trial.js';

let cached: Probe | undefined;

/**
 * What this process can do on this machine, and what is missing. Finds out once for each thread, by loading the C library, opening a
 * descriptor and mapping a page: some milliseconds. Never throws.
 */
export function probe(): Probe {
  cached ??= report(lookAround());
  return cached;
}

function lookAround(): Machine {
  const base = {
    platform: process.platform,
    arch: process.arch,
    kernel: release(),
    nodeVersion: process.version,
    ...processStatus(),
  };
  try {
    const { pageBytes } = libc();
    const opening = openDescriptor();
    return { ...base, pageBytes, attempts: opening.attempts, descriptor: describe(opening) };
  } catch (error) {
    return { ...base, pageBytes: 0, attempts: [], loadFailure: said(error) };
  }
}

function describe(opening: Opening): Machine['descriptor'] {
  if (!opening.opened) return undefined;
  const { fd, via, userModeOnly } = opening.opened;
  try {
    const agreed = handshake(fd, []);
    const features: readonly FeatureName[] = 'errno' in agreed ? [] : agreed.features;
    return { via, userModeOnly, features, trialFailure: tryPageOperations(fd, features) };
  } finally {
    libc().close(fd);
  }
}

/** What /proc says of this process: the seccomp mode, and CAP_SYS_PTRACE, which is what userfaultfd(2) asks for. */
function processStatus(): Pick<Machine, 'seccomp' | 'privileged'> {
  const capSysPtrace = 19n;
  try {
    const status = readFileSync('/proc/self/status', 'latin1');
    const mode = /^Seccomp:\s*(\d)/m.exec(status)?.[1];
    const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
    const seccomp = mode === '0' ? 'none' : mode === '1' ? 'strict' : mode === '2' ? 'filter' : 'unknown';
    return { seccomp, privileged: ((effective >> capSysPtrace) & 1n) === 1n };
  } catch {
    return { seccomp: 'unknown', privileged: false };
  }
}

function said(error: unknown): string {
  return error instanceof UserfaultfdError || error instanceof Error ? error.message : String(error);
}
