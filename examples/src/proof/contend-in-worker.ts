import { once } from 'node:events';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { type Contest, contend } from './contend.js';

/** This module is the program of the worker thread, too: it was then given a contest of this kind. */
const MARK = 'pagewire-contest';

/** Takes part from a worker thread, which is given the buffer as any SharedArrayBuffer is: by posting it. */
export async function contendInWorker(contest: Contest): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { kind: MARK, contest } });
  await once(worker, 'exit');
}

if (!isMainThread && workerData?.kind === MARK) contend(workerData.contest);
