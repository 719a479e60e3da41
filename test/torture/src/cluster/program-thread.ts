// Knows nothing of nodes: it has a SharedArrayBuffer, as any worker thread may have, and loads and stores.
import { parentPort, workerData } from 'node:worker_threads';
import { fillPage, pageProblem } from '../page-pattern.js';
import type { Batch, BatchDone, Seen } from './calls.js';

const pageBytes = 4096;
/** How often a reader looks again at a page whose writer is at it. */
const patience = 200;

// The parent passes the buffer of a region.
const buffer = workerData as SharedArrayBuffer;
const words = new Int32Array(buffer, 0, buffer.byteLength / 4);
const pageOf = (page: number): Int32Array => new Int32Array(buffer, page * pageBytes, pageBytes / 4);
const own = new Int32Array(new SharedArrayBuffer(4));
const copy = new Int32Array(pageBytes / 4);

/** A sequence lock (Lameter 2005): the first word is odd while the writer is at the page, and twice the version when it is done. */
function write(page: number, version: number): void {
  const target = pageOf(page);
  Atomics.store(target, 0, 2 * version - 1);
  fillPage(target, page, version);
  Atomics.store(target, 0, 2 * version);
}

function read(page: number): Seen {
  const source = pageOf(page);
  for (let attempt = 0; attempt < patience; attempt += 1) {
    const before = Atomics.load(source, 0);
    if (before % 2 === 0) {
      copy.set(source);
      if (Atomics.load(source, 0) === before) {
        const problem = pageProblem(copy, page, before / 2);
        return problem === undefined ? { kind: 'version', version: before / 2 } : { kind: 'torn', problem };
      }
    }
    Atomics.wait(own, 0, 0, 0.5);
  }
  return { kind: 'unfinished' };
}

parentPort?.on('message', ({ adds, writes, reads }: Batch) => {
  const returned = adds.map(({ word, times }) => Array.from({ length: times }, () => Atomics.add(words, word, 1)));
  for (const { page, version } of writes) write(page, version);
  const done: BatchDone = { returned, seen: reads.map(read) };
  parentPort?.postMessage(done);
});
