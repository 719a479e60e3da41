import type { Socket } from 'node:net';
import { transportLimits } from './link-defaults.js';

/** Gives a socket that is being ended a short time to send its last bytes to a peer that may not read them. */
export function destroyAfterLinger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), transportLimits.lingerMs).unref();
  socket.once('close', () => clearTimeout(timer));
}
