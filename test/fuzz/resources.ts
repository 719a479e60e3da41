import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
// The flag makes it a global of contexts that are made from now on.
const collect: () => void = runInNewContext('gc');

/** Bytes that this process uses on its heap and beside it, when all that can go has gone. */
export function collectedBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** TCP sockets that are open in this process, those that listen not counted. */
export const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

/** How long links that ended, and leases of nodes that were expelled, may keep what they have. */
const restMs = 20_000;

/** Waits until no more than `bytes` are in use beyond `before`; throws when it does not come to that. */
export async function keptAtMost(bytes: number, before: number): Promise<void> {
  for (const end = performance.now() + restMs; ; await new Promise((resolve) => setTimeout(resolve, 500))) {
    const kept = collectedBytes() - before;
    if (kept <= bytes) return;
    if (performance.now() > end) throw new Error(`${kept} bytes more than before are still in use after ${restMs} ms, and ${bytes} may be`);
  }
}
