import { once } from 'node:events';
import { createServer } from 'node:net';

/** True when nothing listens on any of `count` ports from `first` on. Another process may take one before it is used. */
export async function portsAreFree(host: string, first: number, count: number): Promise<boolean> {
  const free = await Promise.all(Array.from({ length: count }, (_, index) => portIsFree(host, first + index)));
  return free.every(Boolean);
}

async function portIsFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen({ host, port, exclusive: true }), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
