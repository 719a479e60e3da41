import { readFileSync } from 'node:fs';
import type { Probe } from '@pagewire/userfaultfd';
import { describe, expect, it } from 'vitest';
import { type Diagnosis, diagnose, leastNodeMajor } from '../src/doctor/diagnosis.js';
import { examine, type Findings } from '../src/doctor/examine.js';
import { showDiagnosis } from '../src/doctor/show-diagnosis.js';
import { recordedTerminal } from './recorded-terminal.js';

const gibibyte = 1024 ** 3;
const capable: Probe = {
  ...{ supported: true, reasons: [], platform: 'linux', arch: 'x64', kernel: '6.18.0', nodeVersion: 'v20.20.2', via: 'syscall' },
  ...{ userModeOnly: false, privileged: true, seccomp: 'none', features: ['minor-shmem', 'poison'], pageBytes: 4096 },
};
const best: Findings = {
  probe: capable,
  auto: { kind: 'mapped', reason: 'userfaultfd works here' },
  root: true,
  device: 'accessible',
  unprivilegedUserfaultfd: '0',
  overcommit: '0',
  processLimits: 'Limit  Soft Limit  Hard Limit  Units\nMax address space         unlimited            unlimited            bytes',
  processPages: '262144 100 50 1 0 200 0',
  totalBytes: 8 * gibibyte,
  constrainedBytes: 2 ** 64,
};
const container: Findings = {
  ...best,
  probe: {
    ...{ ...capable, supported: false, reasons: ['The system call was refused with EPERM.', 'A seccomp filter is in force.'] },
    ...{ remedy: 'docker run --security-opt seccomp=unconfined …', via: undefined, privileged: false, seccomp: 'filter', features: [] },
  },
  auto: { kind: 'software', reason: 'no mapped memory here: refused' },
  ...{ root: false, device: 'absent', constrainedBytes: 2 * gibibyte },
};

const shown = (findings: Findings): string => showDiagnosis(diagnose(findings), recordedTerminal().terminal.outColors);
const marks = (findings: Findings): string =>
  shown(findings)
    .split('\n')
    .flatMap((line) => /^ {2}([✓!✗]) /.exec(line)?.[1] ?? [])
    .join('');

describe('a diagnosis', () => {
  it('of a machine that can do everything has nothing to recommend', () => {
    expect(diagnose(best)).toEqual({
      ok: true,
      node: { version: 'v20.20.2', range: '>=20', supported: true },
      machine: { platform: 'linux', arch: 'x64', kernel: '6.18.0', pageBytes: 4096 },
      userfaultfd: { supported: true, via: 'syscall', userModeOnly: false, features: ['minor-shmem', 'poison'], reasons: [] },
      privileges: { root: true, privileged: true, unprivilegedUserfaultfd: false, device: 'accessible' },
      seccomp: 'none',
      limits: { memoryBytes: 8 * gibibyte, cgroupBytes: null, addressSpaceBytes: null, windows: null, overcommit: 'heuristic' },
      memory: { mode: 'mapped', reason: 'userfaultfd works here', remedy: null },
    } satisfies Diagnosis);
  });

  it('of a container is that pagewire runs, with less, and how to have more', () => {
    expect(diagnose(container)).toMatchObject({
      ok: true,
      userfaultfd: { supported: false, via: null, reasons: container.probe.reasons },
      limits: { cgroupBytes: 2 * gibibyte },
      memory: { mode: 'software', remedy: 'docker run --security-opt seccomp=unconfined …' },
    });
  });

  it.each([
    ['v18.20.4', false],
    ['v20.0.0', true],
    ['v24.1.0', true],
    ['v100.0.0', true],
  ])('of Node.js %s: runs is %s', (nodeVersion, ok) => {
    expect(diagnose({ ...best, probe: { ...capable, nodeVersion } })).toMatchObject({ ok, node: { supported: ok } });
  });

  it('knows the range that the workspace declares', () => {
    const { engines } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(engines).toEqual({ node: `>=${leastNodeMajor}` });
  });

  it('reads the limits of the process and of the kernel', () => {
    const limited = {
      ...best,
      processLimits: 'Max address space         8388608              unlimited            bytes',
      overcommit: '2',
    };
    expect(diagnose(limited).limits).toMatchObject({ addressSpaceBytes: 8_388_608, overcommit: 'strict' });
  });

  it('says null of what is not known, as on another system', () => {
    const elsewhere = {
      ...container,
      unprivilegedUserfaultfd: undefined,
      overcommit: undefined,
      processLimits: undefined,
      constrainedBytes: 0,
    };
    expect(diagnose({ ...elsewhere, probe: { ...container.probe, pageBytes: 0 } })).toMatchObject({
      machine: { pageBytes: null },
      privileges: { unprivilegedUserfaultfd: null },
      limits: { cgroupBytes: null, addressSpaceBytes: null, overcommit: null },
    });
  });

  it('of the machine of this test is made of what is there', () => {
    const { ok, node, limits } = diagnose(examine());
    expect([ok, node.version, limits.memoryBytes > 0]).toEqual([true, process.version, true]);
  });
});

describe('what people see of it', () => {
  it('is a mark for each check', () => {
    expect([marks(best), marks(container)]).toEqual(['✓✓✓✓✓✓', '✓✓!!!✓']);
  });

  it('says first what comes of it, and last the command that would change it', () => {
    const lines = shown(container).split('\n');
    expect([lines[0], lines.at(-1)]).toEqual([
      'pagewire runs here, with software memory',
      'To enable it: docker run --security-opt seccomp=unconfined …',
    ]);
    expect(shown(best)).not.toContain('enable');
  });

  it.each([
    [41, '4 fit'],
    // This process has mapped one of them.
    [40, '3 fit'],
    [11, '1 fits'],
    [1, 'none fits'],
  ])('tells of %i GiB of address space how many windows fit', (gibibytes, fit) => {
    const processLimits = `Max address space         ${gibibytes * gibibyte}              unlimited            bytes`;
    expect(shown({ ...best, processLimits })).toMatch(new RegExp(`reserves about 10\\.0 GiB of that: ${fit}$`, 'm'));
  });

  it('names a seccomp filter as the likely cause of EPERM, and not where the system call was not refused so', () => {
    const likely = 'the filter is the likely cause of EPERM';
    const absent = { ...container, probe: { ...container.probe, reasons: ['The system call was refused with ENOSYS.'] } };
    expect([shown(container).includes(likely), shown(absent).includes(likely)]).toEqual([true, false]);
  });

  it('says what opening the device to all means, and how to open it to a group', () => {
    const remedy = 'sudo chmod a+rw /dev/userfaultfd';
    expect(shown({ ...container, probe: { ...container.probe, remedy } })).toMatch(/every local user.*reboot.*udev rule.*GROUP=/s);
    expect(shown(container)).not.toContain('every local user');
  });

  it('gives each reason a line', () => {
    expect(shown(container)).toContain(
      'cannot be used\n      The system call was refused with EPERM.\n      A seccomp filter is in force.\n',
    );
  });

  it('says that no command helps where none is known', () => {
    const { remedy: _, ...probe } = container.probe;
    expect(shown({ ...container, probe })).toContain('No command would enable it here.');
  });

  it('leaves out on other systems what only Linux has', () => {
    const probe = { ...container.probe, platform: 'darwin' as const };
    expect([marks({ ...container, probe }), shown({ ...container, probe })]).toEqual(['✓!!✓', expect.not.stringContaining('seccomp:')]);
  });

  it('says of a Node.js that is too old that nothing runs', () => {
    const old = { ...best, probe: { ...capable, nodeVersion: 'v18.20.4' } };
    expect([shown(old).split('\n')[0], marks(old)]).toEqual([
      'pagewire does not run here: it needs Node.js >=20, and this is v18.20.4',
      '✗✓✓✓✓✓',
    ]);
  });

  it('warns of limits that refuse large regions', () => {
    const tight = { ...best, overcommit: '2', processLimits: 'Max address space  4294967296  unlimited  bytes' };
    expect([marks(tight), shown(tight)]).toEqual(['✓✓✓✓✓!', expect.stringMatching(/4\.0 GiB \(ulimit -v\)[\s\S]*overcommit_memory is 2/)]);
  });

  it('says what user mode only means', () => {
    expect(shown({ ...best, probe: { ...capable, userModeOnly: true, privileged: false } })).toContain('fails with EFAULT');
  });
});
