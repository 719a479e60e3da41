import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BuiltPackage } from './built-package.js';
import { runProgram } from './program-run.js';
import { here, unlessHere } from './world.js';

describe.skipIf(!here.supported)(`the life of a process that listens${unlessHere}`, () => {
  let built: BuiltPackage;
  beforeAll(() => {
    built = new BuiltPackage({ koffi: true });
  });
  afterAll(() => built.remove());

  const live = (life: string) => runProgram('life', [built.index, life]);

  test.each([
    'close-everything',
    'close-the-descriptor-only',
    'unref',
    'process-exit',
    'process-exit-from-a-fault',
    'exit-process-while-a-thread-is-stuck',
    'exit-process-from-a-worker',
    'terminate-a-listening-worker',
    'a-listening-worker-that-exits',
    'process-exit-with-a-listening-worker',
  ])('%s ends the process cleanly', async (life) => {
    expect(await live(life)).toEqual({ end: 0, out: '', errors: '' });
  });

  test.each([
    ['a promise that a timer resolves goes on at once', 'promise-of-a-timer', 'went on'],
    ['a promise that a fault resolves goes on at once', 'promise-of-a-fault', 'went on with 7'],
    ['what a handler throws is an uncaught exception', 'throw-from-a-fault', 'uncaught: no such page'],
    ['a listener that nobody refers to still serves', 'collect-garbage-while-listening', 'served 7'],
    ['a buffer outlives its mapping and its memfd', 'a-buffer-outlives-its-mapping', 'shows 5'],
  ])('%s', async (_, life, out) => {
    expect(await live(life)).toEqual({ end: 0, out, errors: '' });
  });

  test('an access to closed memory ends the process, whatever took its place', async () => {
    expect(await live('touch-closed-memory')).toMatchObject({ end: 'SIGSEGV' });
  });

  test.skipIf(!here.features.includes('poison')).each(['touch-poisoned-memory', 'poison-under-a-waiting-thread'])(
    '%s ends the process with SIGBUS',
    async (life) => {
      expect(await live(life)).toMatchObject({ end: 'SIGBUS' });
    },
  );
});
