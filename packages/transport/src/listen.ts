import { createServer, type Server, type Socket } from 'node:net';
import { PagewireError } from '@pagewire/protocol';
import { Acceptor } from './acceptor.js';
import { GrpcDoor } from './grpc-door.js';
import type { LinkOptions, Listener, ListenOptions } from './link.js';
import { resolveLinkOptions, transportLimits } from './link-defaults.js';
import { isLoopback, showLinkUrl } from './link-url.js';
import { maxMessageBytes } from './wire.js';
import { WsDoor } from './ws-door.js';

/** What every HTTP/2 connection begins with (RFC 9113, 3.4); no HTTP/1.1 method begins so. */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0');

/** A port that looks at the first bytes of each connection to see which transport it speaks. */
class PortListener implements Listener {
  readonly host: string;
  port = 0;
  readonly #acceptor: Acceptor;
  readonly #ws: WsDoor;
  readonly #grpc: GrpcDoor;
  readonly #server: Server;
  /** Every open socket, with the timer that runs until it has said what it wants. */
  readonly #sockets = new Map<Socket, NodeJS.Timeout>();
  readonly #handshakeMs: number;
  #closed: Promise<void> | undefined;

  constructor(listen: ListenOptions, options: LinkOptions) {
    this.host = listen.host;
    this.#handshakeMs = options.handshakeMs;
    this.#acceptor = new Acceptor(listen, options);
    const limits = { maxMessageBytes: maxMessageBytes(options), handshakeMs: options.handshakeMs };
    this.#ws = new WsDoor(limits, (channel, socket) => {
      this.#spoke(socket);
      this.#acceptor.admit(channel);
    });
    this.#grpc = new GrpcDoor(
      limits.maxMessageBytes,
      (channel) => this.#acceptor.admit(channel),
      (socket) => this.#spoke(socket),
    );
    this.#server = createServer({ noDelay: true }, (socket) => this.#welcome(socket));
    this.#server.maxConnections = listen.maxConnections ?? transportLimits.maxConnections;
  }

  /** @throws PagewireError when the address cannot be listened on */
  async open(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => reject(cannotListen(this.host, port, error));
      this.#server.once('error', failed);
      this.#server.listen({ host: this.host, port }, () => {
        this.#server.removeListener('error', failed);
        resolve();
      });
    }).catch((error: unknown) => {
      this.#ws.close();
      this.#grpc.close();
      throw error;
    });
    const address = this.#server.address();
    this.port = address !== null && typeof address === 'object' ? address.port : port;
  }

  url(transport: 'ws' | 'grpc'): string {
    return showLinkUrl({ transport, host: this.host, port: this.port });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const down = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#acceptor.close();
    this.#ws.close();
    this.#grpc.close();
    for (const [socket, timer] of this.#sockets) {
      clearTimeout(timer);
      // What was written last, goodbyes among it, still leaves.
      socket.destroySoon();
    }
    const straggle = setTimeout(() => this.#destroyAll(), transportLimits.lingerMs);
    await down;
    clearTimeout(straggle);
  }

  #destroyAll(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  #welcome(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), this.#handshakeMs).unref();
    this.#sockets.set(socket, timer);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
    this.#sniff(socket);
  }

  /** Reads until it is clear whether this is HTTP/2, puts the bytes back, and hands the socket over. */
  #sniff(socket: Socket): void {
    let head: Buffer = Buffer.alloc(0);
    const look = (chunk: Buffer): void => {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const compared = Math.min(head.length, HTTP2_PREFACE.length);
      const mayBeHttp2 = head.compare(HTTP2_PREFACE, 0, compared, 0, compared) === 0;
      if (mayBeHttp2 && compared < HTTP2_PREFACE.length) return;
      socket.removeListener('data', look);
      socket.pause();
      socket.unshift(head);
      if (mayBeHttp2) this.#grpc.take(socket);
      else this.#ws.take(socket);
    };
    socket.on('data', look);
  }

  #spoke(socket: Socket): void {
    clearTimeout(this.#sockets.get(socket));
  }
}

function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): PagewireError {
  const where = `${host}:${port}`;
  switch (cause.code) {
    case 'EADDRINUSE':
      return new PagewireError(
        'address-in-use',
        `cannot listen on ${where}: another process does. Stop it, or pass another port (0 picks a free one)`,
        { cause },
      );
    case 'EACCES':
      return new PagewireError('bad-argument', `cannot listen on ${where}: this user may not use the port. Pass one above 1023`, { cause });
    default:
      return new PagewireError('bad-argument', `cannot listen on ${where}: ${cause.message}. Pass an address of this machine`, { cause });
  }
}

/**
 * Listens for links over WebSocket and gRPC on one port.
 * @throws PagewireError `insecure-listen` beyond loopback without `insecure`, `address-in-use`, or `bad-argument`
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { host, port } = options;
  if (typeof host !== 'string' || host === '' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new PagewireError('bad-argument', `cannot listen on '${host}:${port}'; give a host such as 127.0.0.1 and a port from 0 to 65535`);
  }
  if (!isLoopback(host) && options.insecure !== true) {
    throw new PagewireError(
      'insecure-listen',
      `refusing to listen on ${host}:${port}: links are neither encrypted nor authenticated, so anyone who reaches the port could read and write all memory. ` +
        'Listen on 127.0.0.1, or pass the insecure flag on a network you trust',
    );
  }
  const listener = new PortListener(options, resolveLinkOptions(options.link));
  await listener.open(port);
  return listener;
}
