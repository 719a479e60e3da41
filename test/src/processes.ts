import { readdirSync, readFileSync } from 'node:fs';

/** True while the process exists and has not ended; one that has ended and was not reaped by its parent counts as ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return stateOf(pid) !== 'Z';
}

/** The processes that `pid` has started and that still exist, from Linux's /proc; none where there is no /proc. */
export function childrenOf(pid: number): readonly number[] {
  return read(`/proc/${pid}/task/${pid}/children`).trim().split(/\s+/).filter(Boolean).map(Number);
}

/**
 * Waits, without letting anything else happen here, until every thread of a process that was sent SIGSTOP stands still. On a busy machine one of them
 * may go on for milliseconds, and take in what is sent to it. Where there is no /proc it does not wait.
 */
export function awaitStandstill(pid: number, withinMs = 2000): void {
  const end = performance.now() + withinMs;
  while (threadsOf(pid).some((thread) => !standing.has(stateOf(`${pid}/task/${thread}`) ?? 'Z')) && performance.now() < end);
}

/** Stopped, and ended. */
const standing: ReadonlySet<string> = new Set(['T', 't', 'Z', 'X']);

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** The third field of /proc/PID/stat (proc(5)); the second may hold spaces and parentheses. */
function stateOf(pid: number | string): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2)[0];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
