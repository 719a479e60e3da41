import type { ErrorCode } from '@pagewire/protocol';
import type { LoadClock } from './clock.js';
import { survivableCode } from './fate.js';
import { Stop } from './stop.js';

/** How long to go on trying. `stop` ends it early. */
export interface Patience {
  readonly clock: LoadClock;
  readonly deadlineMs: number;
  readonly stop: Stop;
}

export type Persisted<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: ErrorCode };

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;

/**
 * `action`, or `timeout` when the deadline passes first: a verifier must not hang on what it is there to find. Throws the errors that a load
 * does not survive.
 */
export async function within<T>(action: Promise<T>, patience: Patience): Promise<Persisted<T>> {
  const { clock, deadlineMs, stop } = patience;
  const settled = new Stop();
  const forget = stop.onRequest(() => settled.request());
  const expired = clock.sleep(Math.max(0, deadlineMs - clock.now()), settled).then(() => ({ ok: false, code: 'timeout' }) as const);
  try {
    return await Promise.race([action.then((value) => ({ ok: true, value }) as const), expired]);
  } catch (error) {
    const code = survivableCode(error);
    if (code === undefined) throw error;
    return { ok: false, code };
  } finally {
    forget();
    settled.request();
  }
}

/**
 * Tries until it succeeds, the patience ends, or a page turns out to be lost, which no retry cures. `action` gets the number of the attempt, so that it can
 * go another way each time, and must itself end when the patience does.
 */
export async function persist<T>(patience: Patience, action: (attempt: number) => Promise<Persisted<T>>): Promise<Persisted<T>> {
  const { clock, deadlineMs, stop } = patience;
  for (let attempt = 0; ; attempt++) {
    const result = await action(attempt);
    const over = stop.requested || clock.now() >= deadlineMs;
    if (result.ok || result.code === 'page-lost' || over) return result;
    await clock.sleep(Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS), stop);
  }
}

/** Runs `work` for every index from 0 to `count` - 1, `width` at a time, until `stop`. Ends with the first error. */
export async function inParallel(
  { count, width, stop }: { readonly count: number; readonly width: number; readonly stop: Stop },
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < count && !failed && !stop.requested) await work(next++);
  };
  await Promise.all(
    Array.from({ length: Math.min(count, width) }, () =>
      worker().catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    ),
  );
}
