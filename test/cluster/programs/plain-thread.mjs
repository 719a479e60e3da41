// Knows nothing of pages: it has a SharedArrayBuffer, as any worker thread may have, and loads and stores.
import { parentPort, workerData } from 'node:worker_threads';

const { buffer, memory, control } = workerData;
const words = new Int32Array(buffer, 0, buffer.byteLength / 4);

function untilTold(work) {
  let times = 0;
  for (; Atomics.load(control, 0) === 0; times++) work();
  return times;
}

/** Lets other threads have the processor. */
const own = new Int32Array(new SharedArrayBuffer(4));
const pause = () => Atomics.wait(own, 0, 0, 0.05);

// (module (import "env" "memory" (memory 1 65536 shared))
//   (func (export "add") (param $at i32) (param $times i32)
//     (loop (drop (i32.atomic.rmw.add (local.get $at) (i32.const 1)))
//       (br_if 0 (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))))
const adder = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x06, 0x01, 0x60, 0x02, 0x7f, 0x7f, 0x00],
  ...[0x02, 0x12, 0x01, 0x03, 0x65, 0x6e, 0x76, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x03, 0x01, 0x80, 0x80, 0x04],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x07, 0x07, 0x01, 0x03, 0x61, 0x64, 0x64, 0x00, 0x00],
  ...[0x0a, 0x19, 0x01, 0x17, 0x00, 0x03, 0x40, 0x20, 0x00, 0x41, 0x01, 0xfe, 0x1e, 0x02, 0x00, 0x1a],
  ...[0x20, 0x01, 0x41, 0x01, 0x6b, 0x22, 0x01, 0x0d, 0x00, 0x0b, 0x0b],
);

const operations = {
  load: (at) => Atomics.load(words, at),
  store: (at, value) => Atomics.store(words, at, value),
  // These go on until they are told to stop, and say how often they did it.
  add: (at) => untilTold(() => Atomics.add(words, at, 1)),
  count: (at) =>
    untilTold(() => {
      words[at] += 1;
    }),
  fill: (from, count, value) => void words.fill(value, from, from + count),
  sum: (from, count) => words.subarray(from, from + count).reduce((sum, word) => sum + word, 0),
  wasmAdd: async (at) => {
    const { instance } = await WebAssembly.instantiate(adder, { env: { memory } });
    return 100 * untilTold(() => instance.exports.add(at * 4, 100));
  },
  // Message passing: what was stored before a flag is seen by whoever sees the flag.
  send: (data, flag, rounds) => {
    for (let round = 1; round <= rounds; round++) {
      words[data] = round;
      Atomics.store(words, flag, round);
    }
  },
  receive: (data, flag, rounds) => {
    const seen = { stale: 0, distinct: 0 };
    for (let last = 0; last < rounds; ) {
      const round = Atomics.load(words, flag);
      if (words[data] < round) seen.stale += 1;
      if (round !== last) seen.distinct += 1;
      last = round;
    }
    return seen;
  },
  // Store buffering: of two that each store their own word and then load the other's, one at least sees a store.
  storeThenLoad: (own, other, turn, rounds) => {
    const seen = [];
    for (let round = 0; round < rounds; round++) {
      // Both begin the round together, or the outcome would hardly ever be in doubt.
      Atomics.add(words, turn, 1);
      while (Atomics.load(words, turn) < 2 * (round + 1)) pause();
      Atomics.store(words, own + round, 1);
      seen.push(Atomics.load(words, other + round));
    }
    return seen;
  },
};

parentPort.on('message', async ({ operation, args }) => parentPort.postMessage(await operations[operation](...args)));
