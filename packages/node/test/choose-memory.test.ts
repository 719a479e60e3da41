import type { Probe } from '@pagewire/userfaultfd';
import { describe, expect, it } from 'vitest';
import { chooseMemory, softwareMemory } from '../src/choose-memory.js';

/** A machine on which mapped memory works, but for what `other` says. */
const machine =
  (other: Partial<Probe> = {}) =>
  (): Probe => ({
    supported: true,
    reasons: [],
    platform: 'linux',
    arch: 'x64',
    kernel: '6.18.0',
    nodeVersion: 'v20.0.0',
    via: 'syscall',
    userModeOnly: false,
    privileged: true,
    seccomp: 'none',
    features: [],
    pageBytes: 4096,
    ...other,
  });
const sealed = machine({
  supported: false,
  reasons: ['The userfaultfd system call was refused with EPERM.', 'A seccomp filter is in force.'],
  remedy: 'docker run --security-opt seccomp=unconfined …',
  via: undefined,
});
const mac = machine({ supported: false, reasons: ['userfaultfd exists on Linux only; this is darwin.'], platform: 'darwin' });

describe('the choice of memory', () => {
  it.each([
    ['the system call', { via: 'syscall' }, 'userfaultfd works here (the system call)'],
    ['user mode only', { via: 'syscall', userModeOnly: true }, 'userfaultfd works here (the system call, user mode only)'],
    ['the device', { via: '/dev/userfaultfd' }, 'userfaultfd works here (/dev/userfaultfd)'],
  ] as const)('is mapped for auto where it works, and says how: %s', (_how, found, reason) => {
    expect(chooseMemory('auto', machine(found))).toEqual({ kind: 'mapped', reason });
  });

  it('is software for auto elsewhere, and says all that is missing', () => {
    expect(chooseMemory('auto', sealed)).toEqual({
      kind: 'software',
      reason: 'no mapped memory here: The userfaultfd system call was refused with EPERM; A seccomp filter is in force',
    });
  });

  it('is mapped where it works and was asked for', () => {
    expect(chooseMemory('mapped', machine())).toEqual({ kind: 'mapped', reason: 'mapped memory was asked for' });
  });

  it('refuses mapped elsewhere, says what is missing, how to enable it, and what to use instead', () => {
    expect(() => chooseMemory('mapped', sealed)).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringMatching(/refused with EPERM.*To enable it: docker run .*Or use 'software', or 'auto'/s),
      }),
    );
  });

  it('does not speak of a remedy where there is none', () => {
    expect(() => chooseMemory('mapped', mac)).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.not.stringContaining('To enable it') }),
    );
  });

  it('does not ask the machine for software', () => {
    const never = (): Probe => {
      throw new Error('asked');
    };
    expect(chooseMemory('software', never)).toEqual({ kind: 'software', reason: 'software memory was asked for' });
  });

  it('refuses what it does not know', () => {
    expect(() => chooseMemory('cloud' as 'auto', machine())).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

describe('software memory', () => {
  it('has no windows, and says what to use instead', () => {
    const memory = softwareMemory('the test wants it').allocate({ name: 'r', bytes: 4096, pageBytes: 4096 });
    expect(() => memory.map({ offset: 0, bytes: 4096 })).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('pin()') }),
    );
  });
});
