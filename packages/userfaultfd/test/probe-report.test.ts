import { describe, expect, test } from 'vitest';
import { requiredFeatures } from '../src/features.js';
import { type Machine, report } from '../src/probe-report.js';

const eperm = 1;
const enoent = 2;
const eacces = 13;
const enosys = 38;

const capable: Machine = {
  platform: 'linux',
  arch: 'x64',
  kernel: '6.18.0',
  nodeVersion: 'v20.0.0',
  privileged: false,
  seccomp: 'none',
  pageBytes: 4096,
  attempts: [{ via: 'syscall', userModeOnly: true, errno: 0 }],
  descriptor: { via: 'syscall', userModeOnly: true, features: requiredFeatures, trialFailure: undefined },
};

function refusing(errors: { syscall: number; device: number }, rest: Partial<Machine> = {}): Machine {
  const attempts = [
    { via: 'syscall', userModeOnly: false, errno: errors.syscall },
    { via: '/dev/userfaultfd', userModeOnly: false, errno: errors.device },
    { via: 'syscall', userModeOnly: true, errno: errors.syscall },
  ] as const;
  return { ...capable, ...rest, attempts, descriptor: undefined };
}

test('a machine that has everything is supported, without reasons or remedy', () => {
  const found = report(capable);
  expect(found).toMatchObject({ supported: true, reasons: [], via: 'syscall', userModeOnly: true, features: requiredFeatures });
  expect(found.remedy).toBeUndefined();
});

describe('what is missing is named', () => {
  test.each<[string, Machine, string | undefined, string | undefined]>([
    ['another system', { ...capable, platform: 'darwin' }, 'Linux only; this is darwin', undefined],
    ['another processor', { ...capable, arch: 'ia32' }, 'this is ia32', undefined],
    ['no binary of koffi', { ...capable, descriptor: undefined, loadFailure: 'No koffi.' }, 'No koffi.', undefined],
    ['a kernel without userfaultfd', refusing({ syscall: enosys, device: enoent }), 'CONFIG_USERFAULTFD', undefined],
    ['a device for root only', refusing({ syscall: eperm, device: eacces }), 'refused with EACCES', 'sudo chmod a+rw /dev/userfaultfd'],
    [
      'a container',
      refusing({ syscall: eperm, device: enoent }, { seccomp: 'filter' }),
      'seccomp filter is in force',
      'docker run --security-opt seccomp=unconfined …',
    ],
    ['an old kernel', refusing({ syscall: eperm, device: enoent }), 'refused with EPERM', 'sudo sysctl -w vm.unprivileged_userfaultfd=1'],
    [
      'a kernel that lacks a feature',
      { ...capable, descriptor: { via: 'syscall', userModeOnly: true, features: ['minor-shmem'], trialFailure: undefined } },
      'lacks the userfaultfd features pagefault-flag-wp, missing-shmem, thread-id, wp-hugetlbfs-shmem',
      undefined,
    ],
    [
      'a kernel that lacks a mode',
      { ...capable, descriptor: { via: 'syscall', userModeOnly: true, features: requiredFeatures, trialFailure: 'It refused.' } },
      'It refused.',
      undefined,
    ],
  ])('%s', (_, machine, reason, remedy) => {
    const found = report(machine);
    expect(found.supported).toBe(false);
    expect(found.reasons).toContainEqual(expect.stringContaining(reason ?? ''));
    expect(found.remedy).toBe(remedy);
  });
});
