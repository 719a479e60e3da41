// Ends at once; a process that it has started still holds its output.
import { spawn } from 'node:child_process';

const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 60_000)'], { stdio: ['ignore', 'inherit', 'inherit'] });
console.log(`pid ${child.pid}`);
child.unref();
