import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { BuiltPackage } from './built-package.js';
import { runScript } from './program-run.js';
import { here, unlessHere } from './world.js';

test.skipIf(!here.supported)(`the program in the README prints what it says${unlessHere}`, async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const program = /```js\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const promised = /console\.log\(square\); \/\/ (\d+)/.exec(program)?.[1];
  const built = new BuiltPackage({ koffi: true });
  try {
    expect(await runScript(built.script(program), [])).toEqual({ end: 0, out: promised, errors: '' });
  } finally {
    built.remove();
  }
});
