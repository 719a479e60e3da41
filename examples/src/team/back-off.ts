/** Nothing is ever stored here: a wait on it always runs into its timeout. */
const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Sleeps about `ms` milliseconds (fractions count) in a loop that spins on shared memory, so that on few cores the one it waits for can run.
 *
 * It waits on a private cell, not on the shared one. `Atomics.wait` and `Atomics.notify` keep their queue of sleepers in one process, as a
 * futex does in one kernel: a notify at another node wakes nobody here, whatever the memory beneath. Across nodes there are `region.wait`
 * and `region.notify`, which are asynchronous.
 */
export function backOff(ms = 0.05): void {
  Atomics.wait(never, 0, 0, ms);
}

/** Longer than any wait that will end: what is waited for has been lost. */
const PATIENCE_MS = 60_000;

/**
 * Spins, with pauses, until `condition` holds; throws when that takes a minute. The condition must look at shared memory through `Atomics`: a
 * plain load may be taken out of the loop.
 */
export function spinUntil(what: string, condition: () => boolean): void {
  if (condition()) return;
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${PATIENCE_MS / 1000} s until ${what}, in vain`);
    backOff();
  }
}
