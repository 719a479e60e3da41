// A node with threads that touch memory plainly. It does what its parent tells it, and says what came of it.
import { Worker } from 'node:worker_threads';
import { join } from '@pagewire/node';

const node = await join(JSON.parse(process.argv[2]));
/** Regions by name, and windows, threads and pins by number. */
const regions = new Map();
const windows = [];
const threads = [];
const pins = [];

const region = (name) => regions.get(name);
const added = (list, thing) => list.push(thing) - 1;
function startThread({ buffer, memory }) {
  const control = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./plain-thread.mjs', import.meta.url), { workerData: { buffer, memory, control } });
  return added(threads, { worker, control });
}

const does = {
  open: async (name, options) => {
    regions.set(name, await node.region(name, options));
    const { bytes, pageBytes } = region(name);
    return { bytes, pageBytes };
  },
  bufferBytes: (name) => region(name).buffer.byteLength,
  memoryBytes: (name) => region(name).memory.buffer.byteLength,
  map: async (name, range) => added(windows, await region(name).map(range)),
  closeWindow: (window) => windows[window].close(),
  closeRegion: (name) => region(name).close(),
  deleteRegion: (name) => node.deleteRegion(name),
  read: (name, offset, length) => region(name).read(offset, length),
  write: (name, offset, bytes) => region(name).write(offset, bytes),
  operate: (name, offset, atomic) => region(name).operate(offset, atomic),
  prefetch: (name, offset, length, right) => region(name).prefetch(offset, length, right),
  pin: async (name, offset, length, right) => added(pins, await region(name).pin(offset, length, right)),
  store: (pin, at, value) => {
    pins[pin].bytes[at] = value;
  },
  release: (pin) => pins[pin].release(),
  counters: () => node.counters(),
  node: () => ({ state: node.state, incarnation: node.incarnation, memory: node.memory, reason: node.memoryReason, urls: node.urls }),
  // This thread touches the memory itself: while it waits it does nothing else.
  add: (name, at) => Atomics.add(new Int32Array(region(name).buffer, 0, region(name).bytes / 4), at, 1),
  thread: (name) => startThread({ buffer: region(name).buffer }),
  wasmThread: (name) => startThread({ buffer: region(name).buffer, memory: region(name).memory }),
  windowThread: (window) => startThread(windows[window]),
  tell: async (thread, operation, ...args) => {
    const { worker, control } = threads[thread];
    Atomics.store(control, 0, 0);
    const answer = new Promise((resolve) => worker.once('message', resolve));
    worker.postMessage({ operation, args });
    return await answer;
  },
  rest: (thread) => {
    Atomics.store(threads[thread].control, 0, 1);
  },
  closeNode: () => node.close(),
  // Nothing holds it any more: it ends when its last thread has.
  letGo: async () => {
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
    setImmediate(() => process.disconnect());
  },
  exit: (code) => process.exit(code),
  fail: () => setImmediate(() => undefined.nothing),
};

process.on('disconnect', () => (node.state === 'closed' ? undefined : process.exit()));
process.on('message', async ({ id, method, args }) => {
  try {
    const value = await does[method](...args);
    if (process.connected) process.send({ id, value });
  } catch (error) {
    process.send({ id, code: error.code ?? 'none', message: error.message });
  }
});
process.send({ id: 0 });
