// Leaves its output to a process that writes 2 MB to it, in lines of 1000 bytes, and ends when that one has begun.
import { spawn } from 'node:child_process';

if (process.argv[2] === 'talk') {
  const write = (line) => new Promise((resolve) => process.stdout.write(`${String(line).padStart(999)}\n`, resolve));
  await write(0);
  process.send('begun');
  process.disconnect();
  for (let line = 1; line < 2000; line++) await write(line);
} else {
  spawn(process.execPath, [process.argv[1], 'talk'], { stdio: ['ignore', 'inherit', 'ignore', 'ipc'] }).once('message', () =>
    process.exit(0),
  );
}
