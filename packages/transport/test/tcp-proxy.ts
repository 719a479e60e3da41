import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy in front of one port that can break its connections, hold everything back, or turn new ones away. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #stalled = false;
  #refusing = false;
  port = 0;

  private constructor(target: number) {
    this.#server = createServer({ noDelay: true }, (near) => this.#join(near, target));
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    proxy.port = typeof address === 'object' && address !== null ? address.port : 0;
    return proxy;
  }

  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  stall(stalled: boolean): void {
    this.#stalled = stalled;
    for (const pair of this.#pairs) for (const socket of pair) stalled ? socket.pause() : socket.resume();
  }

  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(near: Socket, target: number): void {
    if (this.#refusing) {
      near.destroy();
      return;
    }
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true });
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    this.#forward(near, far, pair);
    this.#forward(far, near, pair);
    if (this.#stalled) this.stall(true);
  }

  #forward(from: Socket, to: Socket, pair: readonly [Socket, Socket]): void {
    from.on('data', (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!this.#stalled) from.resume();
    });
    from.on('end', () => to.end());
    from.on('error', () => {});
    from.on('close', () => {
      this.#pairs.delete(pair);
      to.destroy();
    });
  }
}
