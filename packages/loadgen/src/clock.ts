import type { Stop } from './stop.js';

/** Time as a load sees it: monotonic milliseconds with fractions. Tests bring their own. */
export interface LoadClock {
  now(): number;
  /** Resolves after about `ms` (25 days at most), or when `wake` is requested. */
  sleep(ms: number, wake: Stop): Promise<void>;
  /** Resolves when `now()` has reached `atMs`, as exactly as can be, or when `wake` is requested. */
  sleepUntil(atMs: number, wake: Stop): Promise<void>;
}

// A timer of Node may be a millisecond late, several times the latency that open loop measures from the intended start, so the last stretch is polled.
const POLLED_MS = 1.5;

const LONGEST_TIMER_MS = 2 ** 31 - 1;

function sleep(ms: number, wake: Stop): Promise<void> {
  if (wake.requested) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      forget();
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, LONGEST_TIMER_MS));
    const forget = wake.onRequest(() => done());
  });
}

async function sleepUntil(atMs: number, wake: Stop): Promise<void> {
  const coarseMs = (): number => atMs - performance.now() - POLLED_MS;
  while (coarseMs() > 0 && !wake.requested) await sleep(coarseMs(), wake);
  while (performance.now() < atMs && !wake.requested) await new Promise<void>((resolve) => setImmediate(resolve));
}

export const systemClock: LoadClock = { now: () => performance.now(), sleep, sleepUntil };
