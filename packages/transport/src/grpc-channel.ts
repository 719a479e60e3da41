import { isIPv4, isIPv6, type Socket } from 'node:net';
import {
  CallCredentials,
  ChannelCredentials,
  Client,
  type ClientDuplexStream,
  Metadata,
  type ServerDuplexStream,
  type StatusObject,
  status as statusCodes,
} from '@grpc/grpc-js';
import { type Channel, type ChannelEnd, type ChannelEvents, deafEvents } from './channel.js';
import { grpcOptions, linkService } from './grpc-service.js';
import { transportLimits } from './link-defaults.js';
import { type LinkAddress, showHostPort, showLinkUrl } from './link-url.js';
import { destroyAfterLinger } from './socket-end.js';

type Call = ClientDuplexStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;

/** Plain-text credentials that show the socket they are used on: gRPC has no other way to drop a connection that does not answer. */
class SocketCredentials extends ChannelCredentials {
  readonly #seen: (socket: Socket) => void;

  constructor(seen: (socket: Socket) => void) {
    super();
    this.#seen = seen;
  }

  override _isSecure(): boolean {
    return false;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(): ReturnType<ChannelCredentials['_createSecureConnector']> {
    return {
      connect: (socket) => {
        this.#seen(socket);
        return Promise.resolve({ socket, secure: false });
      },
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => CallCredentials.createEmpty(),
      destroy: () => {},
    };
  }
}

/** What the two sides of a gRPC stream have in common as channels. */
abstract class GrpcChannel implements Channel {
  readonly transport = 'grpc';
  readonly remote: string;
  events: ChannelEvents;
  protected readonly call: Call;
  protected socket: Socket | undefined;
  /** Sizes of the messages that gRPC has not written yet, in order. */
  #unwritten: number[] = [];
  #bufferedBytes = 0;
  /** The sender may be waiting for `writable`. */
  #holding = false;
  #over = false;

  constructor(call: Call, remote: string, events: ChannelEvents) {
    this.call = call;
    this.remote = remote;
    this.events = events;
    call.on('data', (message: Buffer) => this.events.message(message));
  }

  get bufferedBytes(): number {
    // A full queue of small messages holds a sender up as a full buffer does: gRPC wants its `drain` waited for.
    return this.call.writableNeedDrain ? Number.POSITIVE_INFINITY : this.#bufferedBytes;
  }

  get receivedBytes(): number {
    return this.socket?.bytesRead ?? 0;
  }

  send(message: Buffer): void {
    if (this.#over || this.call.writableEnded || this.call.destroyed) return;
    this.#unwritten.push(message.length);
    this.#bufferedBytes += message.length;
    const room = this.call.write(message, this.#written);
    if (!room || this.#bufferedBytes >= transportLimits.channelWindowBytes) this.#holding = true;
  }

  // Node's HTTP/2 gathers what is written within a turn by itself.
  cork(): void {}
  uncork(): void {}

  protected get isOver(): boolean {
    return this.#over;
  }

  pause(): void {
    this.call.pause();
  }

  resume(): void {
    this.call.resume();
  }

  end(): void {
    this.call.end();
    if (this.socket !== undefined) destroyAfterLinger(this.socket);
  }

  destroy(): void {
    this.events = deafEvents;
    this.#over = true;
    this.release();
    this.socket?.destroy();
  }

  /** Lets go of what the side keeps besides the socket. */
  protected abstract release(): void;

  protected finish(end: ChannelEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.release();
    this.socket?.destroy();
    this.events.closed(end);
  }

  readonly #written = (): void => {
    this.#bufferedBytes -= this.#unwritten.shift() ?? 0;
    if (!this.#holding || this.#bufferedBytes > 0) return;
    // `drain` speaks of the number of messages only, and comes before the last of them is counted as written.
    this.#holding = false;
    this.events.writable();
  };
}

class ClientGrpcChannel extends GrpcChannel {
  readonly #client: Client;

  constructor(client: Client, call: ClientDuplexStream<Buffer, Buffer>, url: string, events: ChannelEvents) {
    super(call, url, events);
    this.#client = client;
    call.on('error', () => {});
    call.on('status', (status) => this.#ended(status));
  }

  /** The connection under the call is up. */
  connected(socket: Socket): void {
    this.socket = socket;
    if (this.isOver) socket.destroy();
    else setImmediate(() => this.events.opened());
  }

  protected override release(): void {
    this.call.removeAllListeners('data');
    (this.call as ClientDuplexStream<Buffer, Buffer>).cancel();
    this.#client.close();
  }

  #ended(status: StatusObject): void {
    // The receiving side refuses a message over the limit with this code; any other end may be a broken connection.
    this.finish({ reason: `gRPC: ${withoutNote(status.details)}`, violation: status.code === statusCodes.RESOURCE_EXHAUSTED });
  }
}

class ServerGrpcChannel extends GrpcChannel {
  constructor(call: ServerDuplexStream<Buffer, Buffer>, socket: Socket) {
    super(call, `grpc peer ${socket.remoteAddress}:${socket.remotePort}`, deafEvents);
    this.socket = socket;
    call.on('error', () => {});
    call.on('end', () => this.finish({ reason: 'the peer ended the stream', violation: false }));
    call.on('cancelled', () => {
      // Peers of ours go by dropping the connection. A stream that dies alone was refused, by gRPC, for what it carried.
      if (socket.destroyed) this.finish({ reason: 'the connection was lost', violation: false });
      else this.finish({ reason: 'gRPC ended the stream over a bad message', violation: true });
    });
  }

  protected override release(): void {
    this.call.end();
  }
}

/** gRPC ends its details with a note on name resolution even when it has none. */
const withoutNote = (details: string): string => details.replace(/\.? *Resolution note: *\.?$/, '');

/** The target of `address`, with its resolver named: a host called `unix` or `dns` is a host. */
function target({ host, port }: LinkAddress): string {
  const resolver = isIPv6(host) ? 'ipv6' : isIPv4(host) ? 'ipv4' : 'dns';
  return `${resolver}:${showHostPort({ host, port })}`;
}

/** Dials the host and port of `address` and opens the stream. */
export function dialGrpc(address: LinkAddress, maxMessageBytes: number, events: ChannelEvents): Channel {
  let channel: ClientGrpcChannel | undefined;
  const credentials = new SocketCredentials((socket) => channel?.connected(socket));
  const client = new Client(target(address), credentials, {
    ...grpcOptions(maxMessageBytes),
    'grpc.enable_retries': 0,
    'grpc.enable_http_proxy': 0,
    // Each channel has a connection of its own, dialed when the link says so and not on gRPC's schedule.
    'grpc.use_local_subchannel_pool': 1,
    // Heartbeats of the link find a dead peer first; this is for connections between calls.
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5_000,
  });
  const { path, requestSerialize, responseDeserialize } = linkService.Exchange;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata(), {});
  channel = new ClientGrpcChannel(client, call, showLinkUrl(address), events);
  return channel;
}

/** Wraps a stream that the listener's gRPC server was called with. */
export function acceptGrpc(call: ServerDuplexStream<Buffer, Buffer>, socket: Socket): Channel {
  return new ServerGrpcChannel(call, socket);
}
