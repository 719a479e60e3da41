import type { ClientPool } from './client-pool.js';
import type { LoadClock } from './clock.js';
import type { Lane } from './lanes.js';
import type { Done } from './meter.js';
import type { LoadSettings } from './options.js';
import type { Stop } from './stop.js';
import type { Verdict } from './verdict.js';

/** What a workload is made with. */
export interface WorkloadContext {
  readonly settings: LoadSettings;
  readonly verdict: Verdict;
  readonly clock: LoadClock;
  /** Requested when the load should end early. */
  readonly stop: Stop;
  /** A number that no other run has: what this run writes carries it. */
  readonly run: number;
  /** For people: what the report should say about this run. */
  readonly note: (text: string) => void;
}

/** The final check: through which clients, and until when. */
export interface Conclusion {
  readonly pool: ClientPool;
  readonly deadlineMs: number;
  /** Requested when even the final check should end. */
  readonly stop: Stop;
  readonly onChecked: (count: number) => void;
}

/** What the final check came to. */
export interface ConclusionResult {
  /** The verdict in words. */
  readonly summary: string;
  /** Records, counters or accounts that no client could read in time, although they are not known to be lost. */
  readonly unread: number;
}

/** One kind of load: what it stores, does, and verifies. */
export interface Workload {
  /** Size of the region that it needs: whole pages. */
  readonly regionBytes: number;
  /** Brings the region into its first state. `onReady` counts what is done, for progress. */
  prepare(pool: ClientPool, onReady: (count: number) => void): Promise<void>;
  /** One operation. Rejects with the error that it met; what that means for the verification has been accounted for. */
  operate(lane: Lane): Promise<Done>;
  /** Checks what can only be checked when the load is over. Operations that were left behind may end meanwhile. */
  conclude(conclusion: Conclusion): Promise<ConclusionResult>;
  /** Records, counters or accounts that a lost page has taken out of the run. */
  setAside(): number;
}

/** Numbers for people: 1,234,567. */
export const count = (n: number | bigint): string => n.toLocaleString('en-US');
