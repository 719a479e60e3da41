import { limits, PagewireError, showValue } from '@pagewire/protocol';
import type { WaitLimit } from './sync-objects.js';

/** What timers can count, in milliseconds: above it they go off at once. */
const longestTimerMs = 2 ** 31 - 1;

/** How long to wait; throws `bad-argument`. */
export function timeoutOf(options: WaitLimit | undefined, what: string): number {
  const { timeoutMs = limits.syncTimeoutMs } = options ?? {};
  const inRange = typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= longestTimerMs;
  if (inRange || timeoutMs === Number.POSITIVE_INFINITY) return timeoutMs;
  const range = `0 to ${longestTimerMs} milliseconds, or Infinity`;
  throw new PagewireError('bad-argument', `timeoutMs of ${what} is ${range}, not ${showValue(timeoutMs)}`);
}

/** Throws `bad-argument` unless `name` can be that of a lock, a semaphore or a barrier. */
export function checkName(what: string, name: string): void {
  if (typeof name === 'string' && /^[\x21-\x7e]+$/.test(name) && name.length <= limits.maxSyncNameBytes) return;
  const wanted = `1 to ${limits.maxSyncNameBytes} printable ASCII characters without spaces`;
  throw new PagewireError('bad-argument', `the name of a ${what} is ${wanted}, not ${showValue(name)}`);
}

/** Throws `bad-argument` unless `value` is a whole number from 1 to `max`. */
export function checkCount(what: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return;
  throw new PagewireError('bad-argument', `${what} is a whole number from 1 to ${max}, not ${showValue(value)}`);
}
