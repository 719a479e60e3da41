// A program's thread: loads and stores words of shared memory when it is told to, and says what came of it. It knows nothing of pages.
import { parentPort, workerData } from 'node:worker_threads';

const words = new Int32Array(workerData.buffer, 0, workerData.words);

const operations = {
  load: (index) => Atomics.load(words, index),
  store: (index, value) => Atomics.store(words, index, value),
  add: (index, value) => Atomics.add(words, index, value),
};

parentPort.on('message', ({ operation, index, value }) => parentPort.postMessage(operations[operation](index, value)));
