// Loaded into each program of `pagewire run` before its own code. The program is to end when `pagewire run` does, however that comes: a pipe
// whose other end is held there breaks. A thread of its own watches it, since the program's may be blocked in a page fault.
import { isMainThread, Worker } from 'node:worker_threads';

const variable = 'PAGEWIRE_RUN_FD';
const fd = process.env[variable];

// Worker threads and processes that the program starts may be given this file too; they have nothing to watch.
if (isMainThread && fd !== undefined) {
  hideFromProgram();
  const watcher = new Worker(new URL('./watch-run.mjs', import.meta.url), {
    name: 'pagewire-run',
    workerData: { fd: Number(fd) },
    execArgv: [],
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
  watcher.on('error', (error) => {
    process.emitWarning(`this program may outlive \`pagewire run\`: ${error.message}`, { type: 'PagewireRun' });
  });
  watcher.unref();
}

/** What the program passes on to processes of its own must not name a descriptor that they do not have. */
function hideFromProgram() {
  delete process.env[variable];
  const at = process.execArgv.indexOf(import.meta.url);
  if (at > 0) process.execArgv.splice(at - 1, 2);
}
