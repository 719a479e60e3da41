import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Job } from '../job.js';
import type { Outcome } from '../outcome.js';
import { roundedUp, wasmPages } from './team.js';
import { ThreadBarrier } from './thread-barrier.js';
import type { ThreadAnswer, ThreadRequest, ThreadStart } from './thread-messages.js';

/** Runs a job on `size` threads of this process, over plain memory. Rejects, and ends all of them, when one fails. */
export async function runOnThreads(job: Job, size: number): Promise<Outcome> {
  const memories = new Map<string, ThreadAnswer>();
  const barrier = new SharedArrayBuffer(ThreadBarrier.bytes);
  const outcomes: Outcome[] = [];
  const threads = Array.from({ length: size }, (_, rank) => {
    const workerData: ThreadStart = { job, rank, size, barrier };
    const thread = new Worker(new URL('./thread-member.js', import.meta.url), { workerData });
    return thread.on('message', (request: ThreadRequest) => {
      if (request.kind === 'done') outcomes.push(request.outcome);
      else thread.postMessage(shared(memories, request));
    });
  });
  try {
    await Promise.all(threads.map((thread) => once(thread, 'exit')));
  } finally {
    // The others would wait at a barrier for the one that failed.
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error(`the threads of "${job.example}" ended without an outcome`);
  return outcome;
}

function shared(memories: Map<string, ThreadAnswer>, { kind, name, bytes }: Exclude<ThreadRequest, { kind: 'done' }>): ThreadAnswer {
  const known = memories.get(name);
  if (known !== undefined) return known;
  const pages = wasmPages(bytes);
  const made: ThreadAnswer =
    kind === 'share'
      ? { kind: 'shared', buffer: new SharedArrayBuffer(roundedUp(bytes)) }
      : { kind: 'shared-memory', memory: new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }) };
  memories.set(name, made);
  return made;
}
