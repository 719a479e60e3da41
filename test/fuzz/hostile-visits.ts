import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import type { Http2Request, Speech } from './hostile-connections.js';

/** How long a stranger stays when nobody ends the connection. */
const stayMs = 15;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Connects, says its pieces each in a write of its own, stays for a moment, and hangs up. */
export async function visit(port: number, { pieces }: Speech): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  // How the other side ends is its own affair: an answer, an end, a reset.
  socket.on('error', () => {});
  socket.resume();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await Promise.race([once(socket, 'connect').catch(() => {}), closed]);
  for (const piece of pieces) {
    if (!socket.writable) break;
    socket.write(piece);
    await turn();
  }
  await Promise.race([closed, pause(stayMs)]);
  socket.destroy();
  await closed;
}

/** Makes one HTTP/2 connection and asks everything over it. */
export async function visitHttp2(port: number, requests: readonly Http2Request[]): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  const closed = new Promise<void>((resolve) => session.once('close', () => resolve()));
  for (const { headers, chunks, ends } of requests) {
    if (session.destroyed || session.closed) break;
    const stream = session.request(headers);
    stream.on('error', () => {});
    stream.resume();
    for (const chunk of chunks) if (stream.writable) stream.write(chunk);
    if (ends) stream.end();
  }
  await Promise.race([closed, pause(stayMs)]);
  session.destroy();
  await closed;
}
