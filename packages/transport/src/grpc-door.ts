import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { type ConnectionInjector, Server, ServerCredentials, type ServerDuplexStream, type ServerInterceptingCall } from '@grpc/grpc-js';
import { InvariantError } from '@pagewire/protocol';
import { HealthImplementation } from 'grpc-health-check';
import type { Channel } from './channel.js';
import { acceptGrpc } from './grpc-channel.js';
import { grpcOptions, linkService } from './grpc-service.js';

/** Turns sockets that speak HTTP/2 into channels, one for each call of `Exchange`, and answers the standard health service. */
export class GrpcDoor {
  readonly #server: Server;
  readonly #injector: ConnectionInjector;
  readonly #sockets = new Map<string, Socket>();

  /** @param called tells that a socket has made a call, so that it is no silent one */
  constructor(maxMessageBytes: number, admit: (channel: Channel) => void, called: (socket: Socket) => void) {
    this.#server = new Server({
      ...grpcOptions(maxMessageBytes),
      // One stream for a link, and room for a health check.
      'grpc.max_concurrent_streams': 4,
      'grpc.max_connection_idle_ms': 60_000,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      interceptors: [
        (_method, call) => {
          const socket = this.#sockets.get(call.getPeer());
          if (socket !== undefined) called(socket);
          // The wrapper class that the type asks for would handle every message once more; gRPC calls nothing but this interface.
          return call as ServerInterceptingCall;
        },
      ],
    });
    ignoreDeadStreams(this.#server);
    this.#server.addService(linkService, {
      Exchange: (call: ServerDuplexStream<Buffer, Buffer>) => {
        const socket = this.#sockets.get(call.getPeer());
        if (socket === undefined) call.end();
        else admit(acceptGrpc(call, socket));
      },
    });
    new HealthImplementation({ '': 'SERVING', 'pagewire.Link': 'SERVING' }).addToServer(this.#server);
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /** Takes over a socket whose first bytes have been put back. */
  take(socket: Socket): void {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#sockets.set(peer, socket);
    socket.once('close', () => this.#sockets.delete(peer));
    this.#injector.injectConnection(socket);
  }

  close(): void {
    this.#injector.destroy();
    this.#server.forceShutdown();
  }
}

type StreamHandler = (interceptors: unknown, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/**
 * gRPC answers a request that it cannot take by a call that throws, where nothing catches it, when the stream has been reset meanwhile: seventy bytes
 * from anybody would end this process (grpc-node, issue 1871). Streams that are over before they are heard of need no answer.
 */
function ignoreDeadStreams(server: Server): void {
  // Private, but the only place between Node's HTTP/2 and gRPC; it is looked up when the connection injector is made.
  const inner = server as unknown as { _streamHandler: StreamHandler | undefined };
  const handle = inner._streamHandler;
  if (typeof handle !== 'function')
    throw new InvariantError('this version of @grpc/grpc-js handles streams in another place: see GrpcDoor');
  inner._streamHandler = function (this: Server, interceptors, stream, headers): void {
    if (!stream.destroyed && !stream.closed) handle.call(this, interceptors, stream, headers);
  };
}
