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
