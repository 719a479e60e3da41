import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KillTimer } from '../src/index.js';
import { BuiltPackage } from './built-package.js';
import { runProgram } from './program-run.js';

describe.skipIf(process.platform !== 'linux')('a kill timer (Linux only)', () => {
  let built: BuiltPackage;
  beforeAll(() => {
    built = new BuiltPackage({ koffi: true });
  });
  afterAll(() => built.remove());

  const live = (life: string) => runProgram('kill-timer', [built.index, life]);

  test.each(['compute for ever', 'stop for ever'])('kills a process that would %s', async (life) => {
    expect(await live(life)).toMatchObject({ end: 'SIGKILL' });
  });

  test.each(['disarm it', 'close it', 'arm it anew in time'])('leaves a process alone that does %s', async (life) => {
    expect(await live(life)).toEqual({ end: 0, out: 'alive', errors: '' });
  });

  test('does not keep a process that would end before its time', async () => {
    expect(await live('end before its time')).toEqual({ end: 0, out: '', errors: '' });
  });

  test('refuses a time that is none, and stays as it was', () => {
    const timer = new KillTimer();
    for (const milliseconds of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => timer.arm(milliseconds)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    }
    timer.close();
    timer.close();
    expect(() => timer.arm(1)).toThrow(expect.objectContaining({ code: 'closed' }));
  });
});
