import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { Channel } from './channel.js';
import { acceptWs, wsOptions } from './ws-channel.js';

const HELP = 'This port speaks the pagewire protocol over WebSocket and gRPC. Point a pagewire node, client or coordinator at it.\n';

/** Turns sockets that speak HTTP/1.1 into channels, or answers them that this is not a web server. */
export class WsDoor {
  readonly #http: Server;
  readonly #upgrader: WebSocketServer;

  constructor(
    limits: { readonly maxMessageBytes: number; readonly handshakeMs: number },
    admit: (channel: Channel, socket: Socket) => void,
  ) {
    this.#upgrader = new WebSocketServer({ ...wsOptions(limits.maxMessageBytes), noServer: true, clientTracking: false });
    this.#http = createServer({
      maxHeaderSize: 8 * 1024,
      headersTimeout: limits.handshakeMs,
      requestTimeout: limits.handshakeMs,
      keepAliveTimeout: 1,
    });
    this.#http.on('request', (_request, response) => {
      response.writeHead(426, { 'content-type': 'text/plain; charset=utf-8', connection: 'close', upgrade: 'websocket' });
      response.end(HELP);
    });
    this.#http.on('clientError', (_error, socket) => socket.destroy());
    this.#http.on('upgrade', (request: IncomingMessage, _stream, head: Buffer) => {
      const { socket } = request;
      // Only browsers send an origin, and any page in one may connect to this machine: there is nothing here for it.
      if (request.headers.origin !== undefined) {
        socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      this.#upgrader.handleUpgrade(request, socket, head, (ws) => admit(acceptWs(ws, socket), socket));
    });
  }

  /** Takes over a socket whose first bytes have been put back. */
  take(socket: Socket): void {
    this.#http.emit('connection', socket);
    socket.resume();
  }

  close(): void {
    this.#upgrader.close();
    this.#http.close();
    this.#http.closeAllConnections();
  }
}
