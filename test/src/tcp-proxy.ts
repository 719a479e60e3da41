import { createServer, type Server, Socket } from 'node:net';
import { LateBytes, type Slowness } from './late-bytes.js';
import { socketOwner } from './socket-owner.js';

/** Which way bytes go: `in` from the process that dialed to the one behind the proxy, `out` back. */
export type Direction = 'in' | 'out';

/** What happens to bytes between one dialing process and the one behind the proxy. */
export interface Weather extends Slowness {
  /** Bytes of these directions vanish, as from a cable that is cut one way. */
  readonly drop: ReadonlySet<Direction>;
}

/** Whose weather is meant: that of one dialer, or of all that have none of their own. */
export type WeatherOf = number | 'everyone';

/** What the weather has done so far. */
export interface WeatherEffects {
  readonly droppedBytes: number;
  readonly lateBytes: number;
  readonly cutConnections: number;
}

export interface TcpProxyOptions {
  /** Where it listens; default a free port of loopback. */
  readonly host?: string;
  readonly port?: number;
  /**
   * Tells who dials, by any number: the key of {@link TcpProxy.setWeather}. Asked only while that makes a difference, because it can cost much
   * more than the connection. Default: nobody is known.
   */
  readonly dialerOf?: (socket: Socket) => number | undefined;
}

interface Pair {
  readonly dialer: Socket;
  readonly target: Socket;
  readonly lanes: Readonly<Record<Direction, LateBytes>>;
  /** Who dials; `unasked` while it makes no difference. */
  key: number | undefined | 'unasked';
  /** Bytes were swallowed: the stream has a hole, so it can only be cut when the weather clears. */
  holed: boolean;
  /** One end has closed: the pair ends when what that end had sent is delivered. */
  closing: Direction | undefined;
}

const CLEAR: Weather = { drop: new Set(), delayMs: 0, jitterMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };

const areSame = (a: Weather, b: Weather): boolean =>
  a.delayMs === b.delayMs &&
  a.jitterMs === b.jitterMs &&
  a.bytesPerSecond === b.bytesPerSecond &&
  a.drop.size === b.drop.size &&
  [...a.drop].every((direction) => b.drop.has(direction));

/**
 * A proxy in front of one process. It knows which process each connection comes from, so that one pair of processes can be cut off while the
 * others go on.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** What all have who have no weather of their own. */
  #common = CLEAR;
  /** Only what differs from that. */
  readonly #own = new Map<number, Weather>();
  #target: { readonly port: number; readonly host: string } | undefined;
  #droppedBytes = 0;
  #lateBytes = 0;
  #cutConnections = 0;

  private constructor(
    server: Server,
    readonly port: number,
    private readonly dialerOf: (socket: Socket) => number | undefined,
  ) {
    this.#server = server;
    server.on('connection', (dialer) => this.#connect(dialer));
  }

  /** Listens on a free port; `pids` lists the processes that may dial. Connections wait until {@link aim} says where they go. */
  static async listen(pids: () => readonly number[]): Promise<TcpProxy> {
    return TcpProxy.open({
      dialerOf: ({ remotePort }) => (remotePort === undefined ? undefined : socketOwner(remotePort, pids())),
    });
  }

  /** The same, anywhere, and for dialers that are told apart in any way. */
  static async open({ host = '127.0.0.1', port = 0, dialerOf = () => undefined }: TcpProxyOptions = {}): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    return new TcpProxy(server, address.port, dialerOf);
  }

  /** Sets the port behind the proxy. */
  aim(port: number, host = '127.0.0.1'): void {
    this.#target = { port, host };
  }

  get effects(): WeatherEffects {
    return { droppedBytes: this.#droppedBytes, lateBytes: this.#lateBytes, cutConnections: this.#cutConnections };
  }

  /**
   * Changes the weather for one dialing process. Clearing it after bytes were lost cuts the connection, for its stream has a hole; bytes
   * that are late already wait no longer than the new delay.
   */
  setWeather(of: WeatherOf, change: Partial<Weather>): void {
    const weather = { ...CLEAR, ...change };
    const before = new Map([...this.#pairs].map((pair) => [pair, this.#weatherOf(pair)]));
    if (of === 'everyone') this.#common = weather;
    else this.#own.set(of, weather);
    const after = new Map([...this.#pairs].map((pair) => [pair, this.#weatherOf(pair)]));
    if (of !== 'everyone' && areSame(weather, this.#common)) this.#own.delete(of);
    for (const [pair, now] of after) {
      if (areSame(now, before.get(pair) ?? CLEAR)) continue;
      if (pair.holed && now.drop.size === 0) this.#end(pair);
      else for (const lane of Object.values(pair.lanes)) lane.hasten(now.delayMs);
    }
  }

  /** Cuts every connection of one dialing process, or of all; they may connect again. */
  cut(of: WeatherOf): void {
    for (const pair of this.#pairs) {
      if (of !== 'everyone' && this.#keyOf(pair) !== of) continue;
      this.#cutConnections += 1;
      this.#end(pair);
    }
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) this.#end(pair);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connect(dialer: Socket): void {
    const target = new Socket();
    const emptied = (): void => this.#settle(pair);
    const lanes = { in: new LateBytes(dialer, target, emptied), out: new LateBytes(target, dialer, emptied) };
    const pair: Pair = { dialer, target, lanes, key: 'unasked', holed: false, closing: undefined };
    this.#pairs.add(pair);
    target.setNoDelay(true);
    for (const [socket, direction] of [
      [dialer, 'in'],
      [target, 'out'],
    ] as const) {
      // An error is followed by a close, which is handled there.
      socket.on('error', () => {});
      socket.on('close', () => this.#closed(pair, direction));
      socket.on('data', (bytes) => this.#forward(pair, direction, bytes));
    }
    // A listener for data has just set it flowing.
    dialer.pause();
    if (this.#target === undefined) this.#end(pair);
    else target.connect(this.#target.port, this.#target.host, () => dialer.resume());
  }

  #weatherOf(pair: Pair): Weather {
    if (this.#own.size === 0) return this.#common;
    const key = this.#keyOf(pair);
    return (key === undefined ? undefined : this.#own.get(key)) ?? this.#common;
  }

  #keyOf(pair: Pair): number | undefined {
    if (pair.key === 'unasked') pair.key = this.dialerOf(pair.dialer);
    return pair.key;
  }

  #forward(pair: Pair, direction: Direction, bytes: Buffer): void {
    const weather = this.#weatherOf(pair);
    if (weather.drop.has(direction) || pair.holed) {
      pair.holed = true;
      this.#droppedBytes += bytes.length;
    } else if (pair.lanes[direction].push(bytes, weather)) {
      this.#lateBytes += bytes.length;
    }
  }

  /** The end that sends in `direction` is gone: the network still carries what it sent, and nothing to it. */
  #closed(pair: Pair, direction: Direction): void {
    const other = direction === 'in' ? pair.target : pair.dialer;
    if (other.destroyed) return this.#end(pair);
    // What is cut off does not see the end of a stream either; it finds out when the weather clears.
    if (this.#weatherOf(pair).drop.has(direction)) {
      pair.holed = true;
      return;
    }
    pair.closing = direction;
    pair.lanes[direction === 'in' ? 'out' : 'in'].drop();
    this.#settle(pair);
  }

  #settle({ closing, lanes, dialer, target }: Pair): void {
    if (closing !== undefined && lanes[closing].isEmpty) for (const socket of [dialer, target]) socket.destroySoon();
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair);
    for (const lane of Object.values(pair.lanes)) lane.drop();
    pair.dialer.destroy();
    pair.target.destroy();
  }
}
