import type { MemoryKind } from '@pagewire/node';
import type { Probe } from '@pagewire/userfaultfd';
import type { DeviceAccess, Findings } from './examine.js';

/** The oldest major version of Node.js that pagewire runs on; `engines` of the workspace says the same. */
export const leastNodeMajor = 20;

/** How the kernel answers to more memory being asked for than there is (proc(5), overcommit_memory). */
export type Overcommit = 'heuristic' | 'always' | 'strict';

/** What `pagewire doctor --json` prints. Its keys are stable; what does not exist or is not known is null. */
export interface Diagnosis {
  /** Pagewire can run here, be it with software memory. */
  readonly ok: boolean;
  readonly node: { readonly version: string; readonly range: string; readonly supported: boolean };
  readonly machine: {
    readonly platform: string;
    readonly arch: string;
    readonly kernel: string;
    /** Of the operating system. */
    readonly pageBytes: number | null;
  };
  readonly userfaultfd: {
    readonly supported: boolean;
    readonly via: 'syscall' | '/dev/userfaultfd' | null;
    /** A system call that is given an absent page fails with EFAULT. */
    readonly userModeOnly: boolean;
    readonly features: readonly string[];
    /** What is missing. */
    readonly reasons: readonly string[];
  };
  readonly privileges: {
    readonly root: boolean;
    /** Has CAP_SYS_PTRACE. */
    readonly privileged: boolean;
    /** The setting vm.unprivileged_userfaultfd. */
    readonly unprivilegedUserfaultfd: boolean | null;
    /** What this user may do with /dev/userfaultfd. */
    readonly device: DeviceAccess;
  };
  readonly seccomp: Probe['seccomp'];
  readonly limits: {
    readonly memoryBytes: number;
    /** Of the control group, as of a container. */
    readonly cgroupBytes: number | null;
    /** Of this process (RLIMIT_AS): mapped regions count in full. */
    readonly addressSpaceBytes: number | null;
    /** How many windows that WebAssembly can import fit into that; null without a limit. */
    readonly windows: number | null;
    readonly overcommit: Overcommit | null;
  };
  readonly memory: {
    /** What `--memory auto` takes here. */
    readonly mode: MemoryKind;
    readonly reason: string;
    /** The one command that would enable mapped memory. */
    readonly remedy: string | null;
  };
}

/** The judgement on what was found: no I/O, so that any machine can be judged. */
export function diagnose(findings: Findings): Diagnosis {
  const { probe, auto, root, device } = findings;
  const supported = isSupportedNode(probe.nodeVersion);
  return {
    ok: supported,
    node: { version: probe.nodeVersion, range: `>=${leastNodeMajor}`, supported },
    machine: { platform: probe.platform, arch: probe.arch, kernel: probe.kernel, pageBytes: probe.pageBytes || null },
    userfaultfd: {
      supported: probe.supported,
      via: probe.via ?? null,
      userModeOnly: probe.userModeOnly,
      features: probe.features,
      reasons: probe.reasons,
    },
    privileges: { root, privileged: probe.privileged, unprivilegedUserfaultfd: unprivileged(findings), device },
    seccomp: probe.seccomp,
    limits: {
      memoryBytes: findings.totalBytes,
      cgroupBytes: cgroupLimit(findings),
      addressSpaceBytes: addressSpaceLimit(findings.processLimits),
      windows: windowsWithin(findings),
      overcommit: overcommitOf(findings.overcommit),
    },
    memory: { mode: auto.kind, reason: auto.reason, remedy: auto.kind === 'mapped' ? null : (probe.remedy ?? null) },
  };
}

function isSupportedNode(version: string): boolean {
  const major = Number(/^v?(\d+)\./.exec(version)?.[1]);
  return major >= leastNodeMajor;
}

const unprivileged = ({ unprivilegedUserfaultfd: setting }: Findings): boolean | null => (setting === undefined ? null : setting === '1');

/** Where there is no limit the kernel and Node.js say 0 or a number beyond all memory. */
function cgroupLimit({ constrainedBytes, totalBytes }: Findings): number | null {
  return constrainedBytes > 0 && constrainedBytes < totalBytes ? constrainedBytes : null;
}

/** The soft limit of a line `Max address space  SOFT  HARD  bytes`. */
function addressSpaceLimit(limits = ''): number | null {
  const digits = /^Max address space\s+(\d+)/m.exec(limits)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Address space of a window that WebAssembly can import: 4 GiB that it can address, and what V8 keeps around them. */
export const windowBytes = 10 * 1024 ** 3;

/** What this process has mapped before the first window counts too. */
function windowsWithin({ processLimits, processPages = '', probe }: Findings): number | null {
  const limit = addressSpaceLimit(processLimits);
  if (limit === null) return null;
  const mapped = Number(/^\d+/.exec(processPages)?.[0] ?? 0) * probe.pageBytes;
  return Math.max(0, Math.floor((limit - mapped) / windowBytes));
}

const overcommits: Readonly<Record<string, Overcommit>> = { 0: 'heuristic', 1: 'always', 2: 'strict' };
const overcommitOf = (setting = ''): Overcommit | null => overcommits[setting] ?? null;
