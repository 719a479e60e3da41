// Increments counters in shared memory until it is told to stop: on a page chosen at random, one word shared by all threads with Atomics.add,
// and one word of its own with a plain load and a plain store. Reports how often it did so on each page.
import { parentPort, workerData } from 'node:worker_threads';

const { buffer, pages, pageWords, ownWord, seed, control } = workerData;
const words = new Int32Array(buffer, 0, pages * pageWords);
const done = new Int32Array(pages);
let state = seed;

while (Atomics.load(control, 0) === 0) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  const page = (state >>> 8) % pages;
  Atomics.add(words, page * pageWords, 1);
  words[page * pageWords + ownWord] = words[page * pageWords + ownWord] + 1;
  done[page]++;
  Atomics.add(control, 1, 1);
}
parentPort.postMessage(done);
