import { errnoName } from './error.js';
import { type FeatureName, requiredFeatures } from './features.js';
import type { Attempt } from './open-descriptor.js';

/** What this process can do with userfaultfd, and why not more. */
export interface Probe {
  readonly supported: boolean;
  /** What is missing, one sentence each, for people. Empty where it is supported. */
  readonly reasons: readonly string[];
  /** The one shell command that would enable it, where there is one. */
  readonly remedy?: string;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** The release of the operating system, as `uname -r` prints it. */
  readonly kernel: string;
  readonly nodeVersion: string;
  /** How a descriptor was opened; `undefined` where none could be. */
  readonly via: 'syscall' | '/dev/userfaultfd' | undefined;
  /** Whether only accesses in user mode are served: a system call given an absent page then fails with EFAULT. */
  readonly userModeOnly: boolean;
  /** Whether the process has CAP_SYS_PTRACE, which userfaultfd(2) asks for to serve faults made inside the kernel. */
  readonly privileged: boolean;
  readonly seccomp: 'none' | 'strict' | 'filter' | 'unknown';
  readonly features: readonly FeatureName[];
  /** The page size of the operating system, in bytes; 0 where the C library could not be asked. */
  readonly pageBytes: number;
}

/** What was found by looking. */
export interface Machine extends Omit<Probe, 'supported' | 'reasons' | 'remedy' | 'via' | 'userModeOnly' | 'features'> {
  readonly attempts: readonly Attempt[];
  /** Why the C library could not be loaded. */
  readonly loadFailure?: string;
  readonly descriptor?:
    | {
        readonly via: 'syscall' | '/dev/userfaultfd';
        readonly userModeOnly: boolean;
        readonly features: readonly FeatureName[];
        readonly trialFailure: string | undefined;
      }
    | undefined;
}

interface Finding {
  readonly reasons: readonly string[];
  readonly remedy?: string;
}

/** The judgement on what was found: no I/O, so that any machine can be judged. */
export function report(machine: Machine): Probe {
  const { attempts: _, loadFailure: __, descriptor, ...facts } = machine;
  const finding = judge(machine);
  return {
    ...facts,
    ...finding,
    supported: finding.reasons.length === 0,
    via: descriptor?.via,
    userModeOnly: descriptor?.userModeOnly ?? false,
    features: descriptor?.features ?? [],
  };
}

function judge(machine: Machine): Finding {
  const { platform, arch, descriptor, loadFailure } = machine;
  if (platform !== 'linux') return { reasons: [`userfaultfd exists on Linux only; this is ${platform}.`] };
  if (arch !== 'x64' && arch !== 'arm64') return { reasons: [`Only x64 and arm64 are supported; this is ${arch}.`] };
  if (loadFailure !== undefined) return { reasons: [loadFailure] };
  if (!descriptor) return judgeRefusal(machine);
  const missing = requiredFeatures.filter((name) => !descriptor.features.includes(name));
  if (missing.length > 0) {
    return { reasons: [`The kernel ${machine.kernel} lacks the userfaultfd features ${missing.join(', ')}; Linux 6.4 has all of them.`] };
  }
  return { reasons: descriptor.trialFailure === undefined ? [] : [descriptor.trialFailure] };
}

function judgeRefusal(machine: Machine): Finding {
  const reasons = machine.attempts.map(
    ({ via, userModeOnly, errno }) =>
      `${via === 'syscall' ? 'The userfaultfd system call' : via}${userModeOnly ? ' for user mode only' : ''} was refused with ${errnoName(errno)}.`,
  );
  const ends = (via: Attempt['via'], name: string) =>
    machine.attempts.some((attempt) => attempt.via === via && errnoName(attempt.errno) === name);
  if (ends('/dev/userfaultfd', 'EACCES')) return { reasons, remedy: 'sudo chmod a+rw /dev/userfaultfd' };
  if (machine.seccomp === 'filter') {
    reasons.push('A seccomp filter is in force, as in most containers.');
    return { reasons, remedy: 'docker run --security-opt seccomp=unconfined …' };
  }
  if (ends('syscall', 'ENOSYS')) return { reasons: [...reasons, 'The kernel was built without CONFIG_USERFAULTFD.'] };
  if (ends('syscall', 'EPERM')) return { reasons, remedy: 'sudo sysctl -w vm.unprivileged_userfaultfd=1' };
  return { reasons };
}
