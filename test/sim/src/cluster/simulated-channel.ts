import type { Channel, ChannelEnd, ChannelEvents } from '@pagewire/transport';
import type { SimulatedProcess } from './simulated-process.js';

/** What a connection needs of the network that it crosses. */
export interface Path {
  readonly now: number;
  /** How long the next message takes from one host to the other. */
  latency(from: string, to: string): number;
  /** True while nothing gets from one host to the other. TCP keeps it and sends it again. */
  blocked(from: string, to: string): boolean;
  /** The bytes of a message were changed between `send` and its arrival. */
  tampered(process: SimulatedProcess): void;
}

interface Flight {
  readonly at: number;
  /** What was sent; nothing at the orderly end of the stream. */
  readonly bytes: Buffer | undefined;
  /** The sender's own bytes, which it promised to leave alone. */
  readonly original: Buffer | undefined;
}

const deaf: ChannelEvents = { opened() {}, message() {}, writable() {}, closed() {} };

/** One end of a connection between two simulated processes: TCP as far as links can tell. */
export class SimulatedChannel implements Channel {
  readonly transport = 'memory';
  readonly process: SimulatedProcess;
  readonly #path: Path;
  events: ChannelEvents;
  bufferedBytes = 0;
  receivedBytes = 0;
  /** Longer messages break the rules of the listener. */
  readonly #maxMessageBytes: number;
  #peer: SimulatedChannel | undefined;
  /** Sent by this end and not yet taken by the other. */
  #flights: Flight[] = [];
  #lastAt = 0;
  #open = true;
  #reading = true;
  #ending = false;

  constructor(process: SimulatedProcess, path: Path, { events = deaf, maxMessageBytes = Number.POSITIVE_INFINITY } = {}) {
    this.process = process;
    this.#path = path;
    this.events = events;
    this.#maxMessageBytes = maxMessageBytes;
  }

  get remote(): string {
    return this.#peer?.process.name ?? 'nobody';
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Something sent from here may still arrive. */
  get isFlying(): boolean {
    return this.#flights.length > 0 && this.#peer?.isOpen === true;
  }

  /** The other end, once there is one. */
  get peer(): SimulatedChannel | undefined {
    return this.#peer;
  }

  join(peer: SimulatedChannel): void {
    this.#peer = peer;
    peer.#peer = this;
    this.pumpLater();
  }

  send(message: Buffer): void {
    if (!this.#open || this.#ending || !this.process.alive) return;
    this.process.sends();
    if (!this.process.alive) return;
    this.bufferedBytes += message.length;
    this.#fly(Buffer.from(message), message);
  }

  // Everything that is sent within a turn arrives in order anyway.
  cork(): void {}
  uncork(): void {}

  pause(): void {
    this.#reading = false;
  }

  resume(): void {
    this.#reading = true;
    this.#peer?.pumpLater();
  }

  end(): void {
    if (!this.#open || this.#ending) return;
    this.#ending = true;
    this.#fly(undefined, undefined);
  }

  destroy(): void {
    this.events = deaf;
    this.abort();
  }

  /** The connection is reset from this end, as when its process dies: what is in flight from here is lost, and the peer is told, when word gets through. */
  abort(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#drop();
    const peer = this.#peer;
    if (peer?.isOpen !== true) return;
    this.#flights = [];
    this.#ending = true;
    this.#fly(undefined, undefined);
  }

  /** The network breaks the connection, and this end finds out in `afterMs`. */
  break(afterMs: number): void {
    if (!this.#open) return;
    this.#open = false;
    this.#drop();
    this.process.schedule(this.#path.now + afterMs, () => this.#tellClosed({ reason: 'the connection was reset', violation: false }));
  }

  /** From now on nothing that either end sends arrives, and neither is told: the connection is half-open. */
  sever(): void {
    const peer = this.#peer;
    this.#peer = undefined;
    if (peer !== undefined) peer.#peer = undefined;
    this.#flights = [];
  }

  /** Delivers later what has arrived by then. */
  pumpLater(): void {
    const [first] = this.#flights;
    const peer = this.#peer;
    if (first !== undefined && peer !== undefined) peer.process.schedule(first.at, () => this.#pump());
  }

  #drop(): void {
    this.#flights = [];
    this.bufferedBytes = 0;
  }

  #fly(bytes: Buffer | undefined, original: Buffer | undefined): void {
    const peer = this.#peer;
    const takes = peer === undefined ? 0 : this.#path.latency(this.process.host, peer.process.host);
    this.#lastAt = Math.max(this.#lastAt, this.#path.now + takes);
    this.#flights.push({ at: this.#lastAt, bytes, original });
    if (peer !== undefined) peer.process.schedule(this.#lastAt, () => this.#pump());
  }

  /** In the peer's process: gives it what has arrived. */
  #pump(): void {
    for (;;) {
      const peer = this.#peer;
      const [flight] = this.#flights;
      if (flight === undefined || peer === undefined || !peer.#open || !peer.#reading || flight.at > this.#path.now) return;
      if (this.#path.blocked(this.process.host, peer.process.host)) return;
      this.#flights.shift();
      this.#deliver(flight, peer);
    }
  }

  #deliver({ bytes, original }: Flight, peer: SimulatedChannel): void {
    if (bytes === undefined) {
      peer.#open = false;
      peer.#drop();
      peer.#tellClosed({ reason: 'the peer closed the connection', violation: false });
      if (this.#open) this.break(this.#path.latency(peer.process.host, this.process.host));
      return;
    }
    if (this.#open && this.process.alive && original !== undefined && !original.equals(bytes)) this.#path.tampered(this.process);
    this.bufferedBytes -= bytes.length;
    if (this.bufferedBytes === 0 && this.#open) this.process.schedule(this.#path.now, () => this.events.writable());
    peer.receivedBytes += bytes.length;
    if (bytes.length <= peer.#maxMessageBytes) return peer.events.message(bytes);
    const reason = `a message of ${bytes.length} bytes; the limit is ${peer.#maxMessageBytes}`;
    const { events } = peer;
    peer.destroy();
    events.closed({ reason, violation: true });
  }

  #tellClosed(end: ChannelEnd): void {
    const { events } = this;
    this.events = deaf;
    events.closed(end);
  }
}
