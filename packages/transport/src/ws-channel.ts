import { connect, type Socket } from 'node:net';
import WebSocket, { type ClientOptions, type ServerOptions } from 'ws';
import { type Channel, type ChannelEvents, deafEvents } from './channel.js';
import { type LinkAddress, showHostPort, showLinkUrl } from './link-url.js';
import { destroyAfterLinger } from './socket-end.js';

/** Close codes by which a peer says that it will not take what it was sent. */
const REFUSING_CODES = new Set([1002, 1003, 1007, 1008, 1009, 1010]);

/** What both ends of a WebSocket need: no compression (it costs more than the network), no fragments beyond a few, no pings. */
export function wsOptions(maxMessageBytes: number) {
  return {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: maxMessageBytes,
    maxFragments: 16,
    autoPong: false,
  } satisfies ClientOptions & ServerOptions;
}

/** A WebSocket as a channel: one binary message for each message. */
class WsChannel implements Channel {
  readonly transport = 'ws';
  readonly remote: string;
  events: ChannelEvents;
  readonly #ws: WebSocket;
  #socket: Socket;
  /** What went wrong, heard before the close that it leads to. */
  #fault: { readonly reason: string; readonly violation: boolean } | undefined;

  constructor(ws: WebSocket, socket: Socket, remote: string, events: ChannelEvents) {
    this.#ws = ws;
    this.#socket = socket;
    this.remote = remote;
    this.events = events;
    ws.on('open', () => this.events.opened());
    ws.on('message', (data, isBinary) => this.#message(data, isBinary));
    ws.on('error', (error: Error & { readonly code?: string }) => {
      this.#fault ??= { reason: error.message, violation: error.code?.startsWith('WS_ERR_') === true };
    });
    ws.on('close', (code) => this.#closed(code));
    socket.on('drain', () => this.events.writable());
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  get receivedBytes(): number {
    return this.#socket.bytesRead;
  }

  send(message: Buffer): void {
    this.#ws.send(message, SEND_BINARY, ignoreResult);
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  end(): void {
    this.#ws.close(1000);
    destroyAfterLinger(this.#socket);
  }

  destroy(): void {
    this.events = deafEvents;
    this.#ws.terminate();
    this.#socket.destroy();
  }

  #message(data: WebSocket.RawData, isBinary: boolean): void {
    if (isBinary && Buffer.isBuffer(data)) {
      this.events.message(data);
      return;
    }
    this.#fault = { reason: 'a text message', violation: true };
    this.#ws.close(1003);
    destroyAfterLinger(this.#socket);
  }

  #closed(code: number): void {
    const fault = this.#fault ?? { reason: `the connection was closed (${code})`, violation: REFUSING_CODES.has(code) };
    this.events.closed(fault);
  }
}

// Shared by all sends: nothing is allocated for a message but its frame.
const SEND_BINARY = { binary: true, compress: false } as const;
// A failed write also closes the connection, and that is reported; without a callback `ws` would report it twice.
const ignoreResult = (): void => {};
// Masking protects old proxies from scripts in browsers. Neither is here, and a key of zeros, which is legal, saves copying each message.
const zeroMask = (mask: Buffer): void => {
  mask.fill(0);
};

/** `ws` wants a url, and parses it by rules of its own; the address that is connected to is not taken from there. */
const ANY_URL = 'ws://pagewire/';

/** Dials the host and port of `address`. */
export function dialWs(
  address: LinkAddress,
  limits: { readonly maxMessageBytes: number; readonly handshakeMs: number },
  events: ChannelEvents,
): Channel {
  const socket = connect({ host: address.host, port: address.port, noDelay: true });
  const ws = new WebSocket(ANY_URL, {
    ...wsOptions(limits.maxMessageBytes),
    handshakeTimeout: limits.handshakeMs,
    generateMask: zeroMask,
    headers: { host: showHostPort(address) },
    // The socket is ours, so that its buffer can be watched and it can be destroyed at any moment.
    createConnection: () => socket,
  });
  return new WsChannel(ws, socket, showLinkUrl(address), events);
}

/** Wraps a WebSocket that the listener has upgraded. */
export function acceptWs(ws: WebSocket, socket: Socket): Channel {
  return new WsChannel(ws, socket, `ws peer ${socket.remoteAddress}:${socket.remotePort}`, deafEvents);
}
