#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href).catch((error) => {
    if (error.code !== 'EMFILE' && error.code !== 'ENFILE') throw error;
    process.stderr.write(`pagewire: too many open files (${error.code}): raise the limit, as with \`ulimit -n 1024\`\n`);
    process.exitCode = 1;
  });
} else {
  process.stderr.write('pagewire: not built yet. Run `npm start`, or `npm run build` after an install, at the top of the repository.\n');
  process.exitCode = 1;
}
