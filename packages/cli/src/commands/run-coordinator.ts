import type { TransportChoice } from '../options/values.js';
import {
  closeGraceMs,
  inTime,
  pagewireProgram,
  type StopSignals,
  startTimeoutMs,
  transportOfNode,
  urlOf,
} from '../processes/cluster-processes.js';
import { type Exit, ManagedProcess } from '../processes/managed-process.js';
import { coordinatorReady } from '../processes/ready-line.js';

/** The coordinator that the programs of one run join. */
export interface RunCoordinator {
  /** How rank `rank` reaches it. */
  urlFor(rank: number): string;
  /** Resolves when it ends, if this command is to notice. */
  readonly ended: Promise<Exit>;
  stop(insisted: AbortSignal): Promise<void>;
}

/** A coordinator that somebody else runs: its end is theirs to notice, and shows in the programs as `fenced`. */
export function existingCoordinator(url: string): RunCoordinator {
  return { urlFor: () => url, ended: new Promise(() => undefined), stop: () => Promise.resolve() };
}

/** Starts a coordinator on a free loopback port, as a process that does not outlive this one. Leaves nothing behind when it throws. */
export async function startOwnCoordinator(
  transport: TransportChoice,
  onLog: (line: string) => void,
  stop: StopSignals,
): Promise<RunCoordinator> {
  const args = ['coordinator', '--listen', '127.0.0.1:0', '--json', '--parent-ipc'];
  const process = new ManagedProcess({ label: 'coordinator', program: pagewireProgram, args, onLog });
  try {
    const ready = coordinatorReady(await inTime(process.ready, startTimeoutMs, stop));
    return {
      urlFor: (rank) => urlOf(ready, transportOfNode(transport, rank)),
      ended: process.exited,
      stop: (insisted) => endOf(process, insisted),
    };
  } catch (error) {
    await endOf(process, stop.insisted);
    throw error;
  }
}

async function endOf(process: ManagedProcess, insisted: AbortSignal): Promise<void> {
  if (process.alive) await process.stop(closeGraceMs, insisted);
}
