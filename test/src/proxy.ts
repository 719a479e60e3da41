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
  readonly late: { readonly due: number; readonly to: Socket; readonly bytes: Buffer }[];
}

const CLEAR: Weather = { drop: new Set(), delayMs: 0 };

/**
 * A TCP proxy on loopback in front of one process. It knows which process each connection comes from, so that one pair of processes can
 * be cut off while the others go on.
 */
export class Proxy {
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
  static async listen(pids: () => readonly number[]): Promise<Proxy> {
    const server = createServer({ pauseOnConnect: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    return new Proxy(server, address.port, pids);
  }

  /** Sets the port behind the proxy. */
  aim(port: number): void {
    this.#target = port;
  }

  /** Changes the weather for one dialing process. Clearing it after bytes were lost cuts the connection, for its stream has a hole. */
  setWeather(pid: number, weather: Partial<Weather>): void {
    this.#weather.set(pid, { ...CLEAR, ...weather });
    if (weather.drop !== undefined && weather.drop.size > 0) return;
    for (const pair of this.#pairs) if (pair.pid === pid && pair.holed) this.#end(pair);
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
    const pair: Pair = { dialer, target, pid, holed: false, late: [] };
    this.#pairs.add(pair);
    target.setNoDelay(true);
    for (const socket of [dialer, target]) {
      socket.on('error', () => this.#end(pair));
      socket.on('close', () => this.#end(pair));
    }
    dialer.on('data', (bytes) => this.#forward(pair, 'in', bytes));
    target.on('data', (bytes) => this.#forward(pair, 'out', bytes));
    if (this.#target === undefined) this.#end(pair);
    else target.connect(this.#target, '127.0.0.1', () => dialer.resume());
  }

  #forward(pair: Pair, direction: Direction, bytes: Buffer): void {
    const weather = (pair.pid === undefined ? undefined : this.#weather.get(pair.pid)) ?? CLEAR;
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

  #deliverLate(pair: Pair): void {
    for (let next = pair.late[0]; next !== undefined; next = pair.late[0]) {
      const wait = next.due - performance.now();
      if (wait > 0) {
        setTimeout(() => this.#deliverLate(pair), wait);
        return;
      }
      pair.late.shift();
      if (!next.to.destroyed) next.to.write(next.bytes);
    }
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.dialer.destroy();
    pair.target.destroy();
  }
}
