#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write('pagewire: not built yet. Run `npm start`, or `npm run build` after an install, at the top of the repository.\n');
  process.exitCode = 1;
}
