import { type Channel, type ChannelEvents, deafEvents } from './channel.js';

/** What a memory network can do to the connections in it. */
export interface MemoryWeather {
  /** Nothing travels. */
  readonly stalled: boolean;
  readonly delayMs: number;
  readonly maxMessageBytes: number;
}

/** One end of a connection inside the process. Messages are copied and travel in later turns of the loop, as over a socket. */
export class MemoryChannel implements Channel {
  readonly transport = 'memory';
  readonly remote: string;
  bufferedBytes = 0;
  receivedBytes = 0;
  /** Messages that have been sent on this end. */
  sentMessages = 0;
  events: ChannelEvents;
  readonly #weather: MemoryWeather;
  #peer: MemoryChannel | undefined;
  /** Sent by this end and not yet taken by the other. */
  #queue: Buffer[] = [];
  #carrying = false;
  #paused = false;
  #ending = false;

  private constructor(remote: string, weather: MemoryWeather, events: ChannelEvents) {
    this.remote = remote;
    this.#weather = weather;
    this.events = events;
  }

  /** Two connected ends: the dialing one, which reports to `events`, and the accepting one. */
  static pair(url: string, weather: MemoryWeather, events: ChannelEvents): [MemoryChannel, MemoryChannel] {
    const near = new MemoryChannel(url, weather, events);
    const far = new MemoryChannel(`memory peer of ${url}`, weather, deafEvents);
    near.#peer = far;
    far.#peer = near;
    return [near, far];
  }

  get isOpen(): boolean {
    return this.#peer !== undefined;
  }

  send(message: Buffer): void {
    if (this.#peer === undefined || this.#ending) return;
    this.sentMessages++;
    this.#queue.push(Buffer.from(message));
    this.bufferedBytes += message.length;
    this.#carryLater();
  }

  // Everything sent within a turn is carried in one go.
  cork(): void {}
  uncork(): void {}

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (this.#peer !== undefined) this.#peer.#carryLater();
  }

  end(): void {
    this.#ending = true;
    this.#carryLater();
  }

  destroy(): void {
    this.events = deafEvents;
    this.cut('the peer closed the connection');
  }

  /** Breaks the connection: what was in flight is lost, and both ends that still listen are told. */
  cut(reason: string): void {
    const peer = this.#peer;
    this.#peer = undefined;
    this.#queue = [];
    this.bufferedBytes = 0;
    if (peer === undefined) return;
    setImmediate(() => this.events.closed({ reason, violation: false }));
    peer.cut(reason);
  }

  /** Carries what is queued as far as it can be carried now. */
  carry(): void {
    while (this.#peer !== undefined && !this.#peer.#paused && !this.#weather.stalled) {
      const message = this.#queue.shift();
      if (message === undefined) {
        if (this.#ending) this.cut('the peer closed the connection');
        return;
      }
      this.bufferedBytes -= message.length;
      this.#peer.#take(message);
      if (this.#queue.length === 0) this.events.writable();
    }
  }

  #take(message: Buffer): void {
    this.receivedBytes += message.length;
    if (message.length <= this.#weather.maxMessageBytes) {
      this.events.message(message);
      return;
    }
    const { events } = this;
    this.destroy();
    events.closed({ reason: `a message of ${message.length} bytes; the limit is ${this.#weather.maxMessageBytes}`, violation: true });
  }

  #carryLater(): void {
    if (this.#carrying) return;
    this.#carrying = true;
    const carry = (): void => {
      this.#carrying = false;
      this.carry();
    };
    if (this.#weather.delayMs > 0) setTimeout(carry, this.#weather.delayMs);
    else setImmediate(carry);
  }
}
