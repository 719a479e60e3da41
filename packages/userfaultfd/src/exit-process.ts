import { libc } from './libc.js';

/**
 * Ends the whole process at once (_exit(2)), from any thread, even while other threads are stuck in page faults that nobody will serve.
 * No exit handler runs and no output is flushed; `process.exit` in a worker would end only the worker.
 */
export function exitProcess(code: number): never {
  libc().exit(code);
  throw new Error('_exit came back');
}
