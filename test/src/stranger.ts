import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A bare TCP connection that speaks whatever a test wants to a port of pagewire. */
export class Stranger implements AsyncDisposable {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
    });
    // A reset by the other side is one of the ends that tests wait for.
    socket.on('error', () => {});
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<Stranger> {
    const socket = connect(port, host);
    await once(socket, 'connect');
    return new Stranger(socket);
  }

  /** Connects and does the WebSocket handshake (RFC 6455, section 4). */
  static async webSocket(port: number, host = '127.0.0.1'): Promise<Stranger> {
    const stranger = await Stranger.connect(port, host);
    const lines = ['GET / HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
    stranger.send([...lines, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '', ''].join('\r\n'));
    await once(stranger.#socket, 'data');
    return stranger;
  }

  get received(): Buffer {
    return this.#received;
  }

  get closed(): boolean {
    return this.#socket.closed;
  }

  send(bytes: Uint8Array | string): void {
    this.#socket.write(bytes);
  }

  /** Sends one binary WebSocket message, masked with zeros; `claimed` is the length that its header states. */
  sendMessage(bytes: Uint8Array, claimed: number = bytes.length): void {
    const header = Buffer.alloc(14);
    header[0] = 0x82;
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(BigInt(claimed), 2);
    this.send(header);
    this.send(bytes);
  }

  /** Takes nothing more from the connection, as a program that hangs. */
  stopReading(): void {
    this.#socket.pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#socket.closed ? undefined : once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }
}
