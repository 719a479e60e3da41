import { codeOf, showError } from './errors-of-processes.js';
import type { PageGhosts } from './page-ghosts.js';
import type { PlannedOperation } from './plan.js';
import type { RunLog } from './run-log.js';

/** Failures that a program must expect of a cluster in which nodes die. */
const expected = new Set(['page-lost', 'fenced', 'timeout', 'outcome-unknown', 'unreachable', 'closed', 'broken', 'overloaded']);
/** Those that pass when the faults are over. */
const passing = new Set(['fenced', 'timeout', 'unreachable', 'overloaded', 'closed', 'outcome-unknown']);
/** What may time out for want of a partner. */
const partnered: ReadonlySet<string> = new Set(['barrier', 'wait', 'lock', 'semaphore']);

/** Decides whether an operation may end like that; `healed` when there has been no fault for long. */
export function judgeFailure(
  who: string,
  { what, page, pages }: PlannedOperation,
  error: unknown,
  { log, ghosts, healed }: { readonly log: RunLog; readonly ghosts: PageGhosts; readonly healed: boolean },
): void {
  const code = codeOf(error);
  const failed = `${who}: ${what} of page ${page} fails with ${showError(error)}`;
  if (code === undefined || !expected.has(code)) return log.broken({ kind: `error ${code}`, what: failed });
  if (code === 'page-lost' && !Array.from({ length: pages }, (_, index) => page + index).some((each) => ghosts.isLost(each))) {
    log.broken({ kind: 'I8', what: `${failed}, and no page of it is lost (I8)` });
  }
  if (healed && passing.has(code) && !partnered.has(what)) log.broken({ kind: 'I6', what: `long after the last fault, ${failed} (I6)` });
}
