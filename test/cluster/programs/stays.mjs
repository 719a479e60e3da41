// Stays for ever, in one of several ways, and says so with its process id.
import { spawn } from 'node:child_process';

console.log(`pid ${process.pid}`);
switch (process.argv[2]) {
  case 'blocked':
    // As in a page fault: the thread runs no JavaScript until somebody wakes it, and nobody will.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    break;
  case 'deaf':
    process.on('SIGTERM', () => undefined);
    break;
  case 'parent':
    console.log(`pid ${spawn(process.execPath, ['-e', 'setInterval(() => undefined, 60_000)'], { stdio: 'ignore' }).pid}`);
    break;
}
setInterval(() => undefined, 60_000);
