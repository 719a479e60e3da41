import { createServer, type Server, Socket } from 'node:net';
import { socketOwner } from './socket-owner.js';

/** Which way bytes go: `in` from the process that dialed to the one behind the proxy, `out` back. */
export type Direction = 'in' | 'out';

/** What happens to bytes between one dialing process and the one behind the proxy. */
export interface Weather {
  /** Bytes of these directions vanish, as from a cable that is cut one way. */
  drop: ReadonlySet<Direction>;
  /** Every piece of bytes waits this long, in order. */
  delayMs: number;
}

interface Pair {
  readonly dialer: Socket;
  readonly target: Socket;
  readonly pid: number | undefined;
  /** Bytes were swallowed: the stream has a hole, so it can only be cut when the weather clears. */
  holed: boolean;
  /** Bytes on their way, oldest first; they keep their order when the delay changes. */
  readonly late: { due: number; readonly to: Socket; readonly bytes: Buffer }[];
  timer: NodeJS.Timeout | undefined;
  /** One end has closed: the pair ends when what that end had sent is delivered. */
  closing: boolean;
}

const CLEAR: Weather = { drop: new Set(), delayMs: 0 };

/**
 * A proxy on loopback in front of one process. It knows which process each connection comes from, so that one pair of processes can
 * be cut off while the others go on.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #weather = new Map<number, Weather>();
  #target: number | undefined;

  private constructor(
    server: Server,
    readonly port: number,
    private readonly pids: () => readonly number[],
  ) {
    this.#server = server;
    server.on('connection', (dialer) => this.#connect(dialer));
  }

  /** Listens on a free port; `pids` lists the processes that may dial. Connections wait until {@link aim} says where they go. */
  static async listen(pids: () => readonly number[]): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    return new TcpProxy(server, address.port, pids);
  }

  /** Sets the port behind the proxy. */
  aim(port: number): void {
    this.#target = port;
  }

  /**
   * Changes the weather for one dialing process. Clearing it after bytes were lost cuts the connection, for its stream has a hole; bytes
   * that are late already wait no longer than the new delay.
   */
  setWeather(pid: number, change: Partial<Weather>): void {
    const weather = { ...CLEAR, ...change };
    this.#weather.set(pid, weather);
    for (const pair of this.#pairs) {
      if (pair.pid !== pid) continue;
      if (pair.holed && weather.drop.size === 0) this.#end(pair);
      else this.#hasten(pair, weather.delayMs);
    }
  }

  /** Cuts every connection of one dialing process; it may connect again. */
  cut(pid: number): void {
    for (const pair of this.#pairs) if (pair.pid === pid) this.#end(pair);
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) this.#end(pair);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connect(dialer: Socket): void {
    const pid = dialer.remotePort === undefined ? undefined : socketOwner(dialer.remotePort, this.pids());
    const target = new Socket();
    const pair: Pair = { dialer, target, pid, holed: false, late: [], timer: undefined, closing: false };
    this.#pairs.add(pair);
    target.setNoDelay(true);
    for (const [socket, other] of [
      [dialer, target],
      [target, dialer],
    ] as const) {
      // An error is followed by a close, which is handled there.
      socket.on('error', () => {});
      socket.on('close', () => this.#closed(pair, other));
    }
    dialer.on('data', (bytes) => this.#forward(pair, 'in', bytes));
    target.on('data', (bytes) => this.#forward(pair, 'out', bytes));
    if (this.#target === undefined) this.#end(pair);
    else target.connect(this.#target, '127.0.0.1', () => dialer.resume());
  }

  #weatherOf({ pid }: Pair): Weather {
    return (pid === undefined ? undefined : this.#weather.get(pid)) ?? CLEAR;
  }

  #forward(pair: Pair, direction: Direction, bytes: Buffer): void {
    const weather = this.#weatherOf(pair);
    if (weather.drop.has(direction) || pair.holed) {
      pair.holed = true;
      return;
    }
    const to = direction === 'in' ? pair.target : pair.dialer;
    if (weather.delayMs === 0 && pair.late.length === 0) {
      to.write(bytes);
      return;
    }
    pair.late.push({ due: performance.now() + weather.delayMs, to, bytes });
    if (pair.late.length === 1) this.#deliverLate(pair);
  }

  #hasten(pair: Pair, delayMs: number): void {
    const latest = performance.now() + delayMs;
    for (const piece of pair.late) piece.due = Math.min(piece.due, latest);
    clearTimeout(pair.timer);
    this.#deliverLate(pair);
  }

  #deliverLate(pair: Pair): void {
    for (let next = pair.late[0]; next !== undefined; next = pair.late[0]) {
      const wait = next.due - performance.now();
      if (wait > 0) {
        pair.timer = setTimeout(() => this.#deliverLate(pair), wait);
        return;
      }
      pair.late.shift();
      if (!next.to.destroyed) next.to.write(next.bytes);
    }
    if (pair.closing) for (const socket of [pair.dialer, pair.target]) socket.destroySoon();
  }

  /** The end that faces `other` is gone: the network still carries what it sent, and nothing to it. */
  #closed(pair: Pair, other: Socket): void {
    if (other.destroyed) return this.#end(pair);
    // What is cut off does not see the end of a stream either; it finds out when the weather clears.
    if (this.#weatherOf(pair).drop.has(other === pair.target ? 'in' : 'out')) {
      pair.holed = true;
      return;
    }
    pair.closing = true;
    const pieces = pair.late.filter((piece) => piece.to === other);
    pair.late.splice(0, pair.late.length, ...pieces);
    clearTimeout(pair.timer);
    this.#deliverLate(pair);
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair);
    clearTimeout(pair.timer);
    pair.late.length = 0;
    pair.dialer.destroy();
    pair.target.destroy();
  }
}
