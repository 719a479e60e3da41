import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Probe, probe } from '../src/index.js';
import { BuiltPackage } from './built-package.js';
import { runProgram } from './program-run.js';
import { here, unlessHere } from './world.js';

const nobody = { uid: 65534, gid: 65534 };
const unlessNobody = canBecomeNobody() ? '' : ' (skipped: needs root, and a Node and a checkout that every user may read)';
const hasDevice = existsSync('/dev/userfaultfd');
const unlessDevice = hasDevice ? '' : ' (skipped: there is no /dev/userfaultfd)';

function canBecomeNobody(): boolean {
  if (process.getuid?.() !== 0) return false;
  const look = "require('node:fs').accessSync(process.argv[1])";
  const koffi = fileURLToPath(new URL('../node_modules/koffi/package.json', import.meta.url));
  return spawnSync(process.execPath, ['-e', look, koffi], nobody).status === 0;
}

/** Nothing for a descriptor that is closed by now, as that of the listing itself. */
function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

test('the probe of this machine says what it is, and is made once', () => {
  expect(probe()).toBe(here);
  expect(here).toMatchObject({ platform: process.platform, arch: process.arch, nodeVersion: process.version });
  expect(here.supported).toBe(here.reasons.length === 0);
  expect(here.via === undefined).toBe(here.features.length === 0);
});

describe.skipIf(!here.supported)(`a probe in a process of its own${unlessHere}`, () => {
  let built: BuiltPackage;
  let withoutKoffi: BuiltPackage;
  beforeAll(() => {
    built = new BuiltPackage({ koffi: true });
    withoutKoffi = new BuiltPackage({ koffi: false });
  });
  afterAll(() => {
    built.remove();
    withoutKoffi.remove();
  });

  async function probed(index: string, args: string[], identity = {}): Promise<Probe> {
    const { end, out, errors } = await runProgram('probe', [index, ...args], identity);
    expect({ end, errors }).toEqual({ end: 0, errors: '' });
    return JSON.parse(out);
  }

  test('leaves no descriptor and no mapping behind', () => {
    const folder = '/proc/self/fd';
    const open = readdirSync(folder).map((fd) => linkTarget(`${folder}/${fd}`));
    expect(open).not.toContainEqual(expect.stringContaining('userfaultfd'));
    expect(readFileSync('/proc/self/maps', 'latin1')).not.toContain('userfaultfd-probe');
  });

  test('without koffi it is unsupported, and says so', async () => {
    const found = await probed(withoutKoffi.index, []);
    expect(found).toMatchObject({ supported: false, features: [] });
    expect(found.reasons).toEqual([expect.stringContaining('koffi package could not be loaded')]);
  });

  describe.skipIf(unlessNobody !== '')(`as another user${unlessNobody}`, () => {
    test('without privilege, faults in user mode are served', async () => {
      expect(await probed(built.index, [], nobody)).toMatchObject({ supported: true, via: 'syscall', privileged: false });
      const served = await runProgram('life', [built.index, 'promise-of-a-fault'], nobody);
      expect(served).toEqual({ end: 0, out: 'went on with 7', errors: '' });
    });

    test.skipIf(!hasDevice)(`where seccomp refuses the system call, the device serves those who may open it${unlessDevice}`, async () => {
      expect(await probed(built.index, ['refuse'])).toMatchObject({
        supported: true,
        via: '/dev/userfaultfd',
        userModeOnly: false,
        seccomp: 'filter',
      });
    });

    test('where seccomp refuses it to who may not open the device, it is unsupported with a remedy', async () => {
      const found = await probed(built.index, ['refuse'], nobody);
      expect(found).toMatchObject({ supported: false, features: [], seccomp: 'filter', remedy: expect.any(String) });
      expect(found.reasons).toContainEqual(expect.stringContaining('refused with EPERM'));
    });
  });
});
