import { exitCodes } from '../failure.js';
import { aborted } from '../stop.js';
import type { CommandContext } from './command-context.js';

/** A process that serves until it is told to end. */
export interface Server {
  close(): Promise<void>;
}

/**
 * How long an orderly end may take before the process ends without it: more than a node needs in the worst case. When the parent was
 * killed the whole cluster goes at once and there is nobody left to hand pages to.
 */
const closeDeadlineMs = { signal: 7_000, 'parent-gone': 2_000 } as const;

const never = new AbortController().signal;

/**
 * Waits for a request to stop and closes `server` in good order; gives that up at the deadline or at a second request, so that no process
 * is left behind. Ending on request is success. If `broken` aborts first, its reason is thrown.
 */
export async function serveUntilStopped(server: Server, { terminal, stop }: CommandContext, broken: AbortSignal = never): Promise<number> {
  await Promise.race([aborted(stop.asked), aborted(broken)]);
  if (broken.aborted) throw broken.reason;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), closeDeadlineMs[stop.cause?.kind ?? 'signal']);
  const late = Promise.race([aborted(deadline.signal), aborted(stop.insisted)]).then(() => 'late' as const);
  const end = await Promise.race([server.close().then(() => 'closed' as const), late]);
  clearTimeout(timer);
  if (end === 'closed') return exitCodes.ok;
  terminal.say('ended without waiting for an orderly close');
  return exitCodes.failed;
}
