import { formatSize } from '../options/units.js';
import type { Colors } from '../terminal.js';
import { type Diagnosis, windowBytes } from './diagnosis.js';

/** `fine`; `less`: pagewire runs, with something missing; `wrong`: it does not run. */
export type Verdict = 'fine' | 'less' | 'wrong';

export interface Check {
  readonly verdict: Verdict;
  readonly what: string;
  /** What there is to know about it, one line each. */
  readonly details?: readonly string[];
}

/** The diagnosis for people: the result, a mark and a line for each check, what memory a node gets, and what would change that. */
export function showDiagnosis(diagnosis: Diagnosis, colors: Colors): string {
  const marks = { fine: colors.green('✓'), less: colors.yellow('!'), wrong: colors.red('✗') };
  const checks = checksOf(diagnosis).flatMap(({ verdict, what, details = [] }) => [
    `  ${marks[verdict]} ${what}`,
    ...details.map((detail) => `      ${colors.dim(detail)}`),
  ]);
  return [colors.bold(resultOf(diagnosis)), '', ...checks, '', ...memoryOf(diagnosis, colors)].join('\n');
}

function resultOf({ ok, node, memory }: Diagnosis): string {
  if (ok) return `pagewire runs here, with ${memory.mode} memory`;
  return `pagewire does not run here: it needs Node.js ${node.range}, and this is ${node.version}`;
}

function memoryOf({ memory, ok }: Diagnosis, { bold }: Colors): string[] {
  if (!ok) return ['Install a newer Node.js first: https://nodejs.org'];
  const chosen = `--memory auto takes ${bold(memory.mode)} memory: ${memory.reason}`;
  if (memory.mode === 'mapped') return [chosen];
  const missed = 'Without mapped memory there is no region.buffer; read, write, atomics and pin work the same.';
  return [chosen, missed, ...remedyOf(memory.remedy, bold)];
}

function remedyOf(remedy: string | null, bold: Colors['bold']): string[] {
  if (remedy === null) return ['No command would enable it here.'];
  const enable = `To enable it: ${bold(remedy)}`;
  return remedy.includes('chmod a+rw /dev/userfaultfd') ? [enable, ...deviceCaveat] : [enable];
}

const deviceCaveat = [
  'That lets every local user handle page faults made inside the kernel, and is gone after a reboot. For one group, and for good, a udev rule:',
  '  KERNEL=="userfaultfd", GROUP="GROUP", MODE="0660"      (in /etc/udev/rules.d/99-userfaultfd.rules)',
];

/** What is checked, in the order in which it is shown. */
export function checksOf(diagnosis: Diagnosis): readonly Check[] {
  return [nodeCheck(diagnosis), machineCheck(diagnosis), userfaultfdCheck(diagnosis), ...linuxChecks(diagnosis), limitsCheck(diagnosis)];
}

function nodeCheck({ node }: Diagnosis): Check {
  return { verdict: node.supported ? 'fine' : 'wrong', what: `Node.js ${node.version} (supported: ${node.range})` };
}

function machineCheck({ machine }: Diagnosis): Check {
  const { platform, arch, kernel, pageBytes } = machine;
  const pages = pageBytes === null ? '' : `, pages of ${formatSize(pageBytes)}`;
  return { verdict: platform === 'linux' ? 'fine' : 'less', what: `${platform} ${arch}, kernel ${kernel}${pages}` };
}

function userfaultfdCheck({ userfaultfd }: Diagnosis): Check {
  const { supported, via, userModeOnly, features, reasons } = userfaultfd;
  const found = features.length === 0 ? [] : [`features: ${features.join(', ')}`];
  if (!supported) return { verdict: 'less', what: 'userfaultfd cannot be used', details: [...reasons, ...found] };
  const bound = userModeOnly ? ['for user mode only: a system call that is given an absent page fails with EFAULT'] : [];
  return { verdict: 'fine', what: `userfaultfd works, by ${via === 'syscall' ? 'system call' : via}`, details: [...bound, ...found] };
}

const filterIsLikely = 'the filter is the likely cause of EPERM: those of most containers forbid userfaultfd';

/** Privileges and filters matter to userfaultfd only, so they are as good as what it can do. */
function linuxChecks({ machine, userfaultfd, privileges, seccomp }: Diagnosis): readonly Check[] {
  if (machine.platform !== 'linux') return [];
  const { root, privileged, unprivilegedUserfaultfd, device } = privileges;
  const setting = unprivilegedUserfaultfd === null ? 'absent' : Number(unprivilegedUserfaultfd);
  const allowed = privileged || unprivilegedUserfaultfd === true || device === 'accessible' || userfaultfd.supported;
  return [
    {
      verdict: allowed ? 'fine' : 'less',
      what: `${root ? 'root' : 'not root'}, ${privileged ? 'with' : 'without'} CAP_SYS_PTRACE; vm.unprivileged_userfaultfd is ${setting}; /dev/userfaultfd is ${device}`,
    },
    {
      verdict: seccomp === 'none' || userfaultfd.supported ? 'fine' : 'less',
      what: `seccomp: ${seccomp === 'none' ? 'no filter' : seccomp}`,
      details: seccomp === 'filter' && userfaultfd.reasons.some((reason) => reason.includes('EPERM')) ? [filterIsLikely] : [],
    },
  ];
}

function limitsCheck({ limits }: Diagnosis): Check {
  const { memoryBytes, cgroupBytes, addressSpaceBytes, windows, overcommit } = limits;
  const bounds = [
    ...(cgroupBytes === null ? [] : [`the control group allows ${gibibytes(cgroupBytes)}`]),
    ...(addressSpaceBytes === null
      ? []
      : [`the process may map ${gibibytes(addressSpaceBytes)} (ulimit -v), regions included`, windowsOf(windows)]),
    ...(overcommit === 'strict' ? ['vm.overcommit_memory is 2: a large region may be refused although its pages are never touched'] : []),
  ];
  const tight = addressSpaceBytes !== null || overcommit === 'strict';
  const shownOvercommit = overcommit === null ? '' : `, overcommit ${overcommit}`;
  return { verdict: tight ? 'less' : 'fine', what: `${gibibytes(memoryBytes)} of memory${shownOvercommit}`, details: bounds };
}

function windowsOf(windows: number | null): string {
  const fit = windows === 0 ? 'none fits' : `${windows} ${windows === 1 ? 'fits' : 'fit'}`;
  return `each window that WebAssembly can import (region.buffer too) reserves about ${gibibytes(windowBytes)} of that: ${fit}`;
}

const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
