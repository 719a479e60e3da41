// What a program sees of being run: nothing of the way it is watched; and what it starts is not watched.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

if (process.argv[2] === 'child') {
  process.send('forked');
} else {
  const child = fork(fileURLToPath(import.meta.url), ['child']);
  const [said] = await once(child, 'message');
  await once(child, 'exit');
  const worker = new Worker("require('node:worker_threads').parentPort.postMessage('threaded')", { eval: true });
  const [posted] = await once(worker, 'message');
  await once(worker, 'exit');
  const input = [];
  for await (const bytes of process.stdin) input.push(bytes);
  const { execArgv, connected } = process;
  const watched = Object.keys(process.env).filter((name) => name === 'PAGEWIRE_RUN_FD');
  console.log(JSON.stringify({ said, posted, execArgv, ipc: connected === true, watched, input: input.length }));
}
