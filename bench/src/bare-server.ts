import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { WebSocketServer } from 'ws';
import { bareService } from './bare-grpc.js';

/** The floor: a process that answers every 16-byte request with 4096 bytes. Prints its port; ends when its parent goes. */
const reply = Buffer.alloc(4096, 7);
const [transport] = process.argv.slice(2);

if (transport === 'grpc') {
  const server = new Server();
  server.addService(bareService, {
    ask: (stream: ServerDuplexStream<Buffer, Buffer>) => stream.on('data', () => stream.write(reply)),
  });
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    process.send?.(port);
  });
} else {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, skipUTF8Validation: true });
  server.on('connection', (socket) => socket.on('message', () => socket.send(reply)));
  server.on('listening', () => {
    const address = server.address();
    if (typeof address === 'object' && address !== null) process.send?.(address.port);
  });
}
process.on('disconnect', () => process.exit());
