// The thread that `end-with-run.mjs` starts.
import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';

/** SIGKILL, because a thread that is blocked runs no handler. The program leads a process group, with what it has started itself. */
function end() {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
}

new Socket({ fd: workerData.fd, readable: true, writable: false }).on('error', end).on('close', end).resume();
