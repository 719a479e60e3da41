import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { WebSocket } from 'ws';
import { bareService } from './bare-grpc.js';

const REQUEST = Buffer.alloc(16, 1);

/** A request of 16 bytes for 4096 over nothing but the transport, to a process of its own. */
export interface BarePeer {
  ask(): Promise<void>;
  close(): Promise<void>;
}

export async function startBarePeer(transport: 'ws' | 'grpc'): Promise<BarePeer> {
  const child = fork(fileURLToPath(new URL('./bare-server.js', import.meta.url)), [transport]);
  const [port] = await once(child, 'message');
  return transport === 'ws' ? overWs(child, Number(port)) : overGrpc(child, Number(port));
}

async function overWs(child: ChildProcess, port: number): Promise<BarePeer> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false, skipUTF8Validation: true });
  await once(socket, 'open');
  let answered: () => void = () => {};
  socket.on('message', () => answered());
  return {
    ask: () =>
      new Promise((resolve) => {
        answered = resolve;
        socket.send(REQUEST);
      }),
    close: async () => {
      socket.terminate();
      await end(child);
    },
  };
}

async function overGrpc(child: ChildProcess, port: number): Promise<BarePeer> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.enable_retries': 0 });
  const { path, requestSerialize, responseDeserialize } = bareService.ask;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  stream.on('error', () => {});
  let answered: () => void = () => {};
  stream.on('data', () => answered());
  return {
    ask: () =>
      new Promise((resolve) => {
        answered = resolve;
        stream.write(REQUEST);
      }),
    close: async () => {
      stream.cancel();
      client.close();
      await end(child);
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
}
