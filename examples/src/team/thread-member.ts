import { parentPort, workerData } from 'node:worker_threads';
import { exampleNamed } from '../catalogue.js';
import type { ThreadRequest, ThreadStart } from './thread-messages.js';
import { ThreadTeam } from './thread-team.js';

/** One thread of a team: what `runOnThreads` starts. */
if (parentPort === null) throw new Error('this file is started as a worker thread');
// `runOnThreads` starts threads with this and nothing else.
const start = workerData as ThreadStart;
const outcome = await exampleNamed(start.job.example).run(new ThreadTeam(start, parentPort), start.job);
if (outcome !== undefined) parentPort.postMessage({ kind: 'done', outcome } satisfies ThreadRequest);
