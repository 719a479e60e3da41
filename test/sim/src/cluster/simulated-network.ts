import { addressInUse, type Channel, type ChannelAddress, type ChannelEvents, type ChannelNetwork } from '@pagewire/transport';
import { logUniform, type Random, randomStream } from './random.js';
import { type Path, SimulatedChannel } from './simulated-channel.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { VirtualTime } from './virtual-time.js';

/** How a network behaves when nobody breaks it. */
export interface NetworkTraits {
  /** Milliseconds from one host to another: each ordered pair draws its own between the two. */
  readonly fastestMs: number;
  readonly slowestMs: number;
  /** How often a message takes `spikeMs` longer: a lost packet that TCP sends again. */
  readonly spikes: number;
  readonly spikeMs: number;
}

interface Listening {
  readonly process: SimulatedProcess;
  readonly maxMessageBytes: number;
  admit(channel: Channel): void;
}

/** The network between simulated hosts. Messages of one connection stay in order; connections overtake each other. */
export class SimulatedNetwork implements Path {
  readonly #time: VirtualTime;
  readonly #seed: number;
  readonly #traits: NetworkTraits;
  readonly #tampered: (process: SimulatedProcess) => void;
  readonly #listeners = new Map<string, Listening>();
  #channels = new Set<SimulatedChannel>();
  /** Ordered pairs of hosts between which nothing travels. */
  readonly #blocked = new Set<string>();
  /** What nemeses add to the latency of ordered pairs. */
  readonly #added = new Map<string, number>();
  readonly #pairs = new Map<string, { readonly random: Random; readonly baseMs: number }>();
  #nextPort = 20_000;

  constructor({
    time,
    seed,
    traits,
    tampered,
  }: {
    readonly time: VirtualTime;
    readonly seed: number;
    readonly traits: NetworkTraits;
    readonly tampered: (process: SimulatedProcess) => void;
  }) {
    this.#time = time;
    this.#seed = seed;
    this.#traits = traits;
    this.#tampered = tampered;
  }

  get now(): number {
    return this.#time.now;
  }

  latency(from: string, to: string): number {
    const key = `${from}>${to}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      const random = randomStream(this.#seed, `latency ${key}`);
      pair = { random, baseMs: logUniform(random, this.#traits.fastestMs, this.#traits.slowestMs) };
      this.#pairs.set(key, pair);
    }
    const { random, baseMs } = pair;
    const jitter = baseMs * (0.8 + 0.8 * random() ** 3);
    const spike = random() < this.#traits.spikes ? random() * this.#traits.spikeMs : 0;
    return jitter + spike + (this.#added.get(key) ?? 0);
  }

  blocked(from: string, to: string): boolean {
    return this.#blocked.has(`${from}>${to}`);
  }

  tampered(process: SimulatedProcess): void {
    this.#tampered(process);
  }

  /** Nothing gets from one host to the other until `unblock`. Connections stay. */
  block(from: string, to: string): void {
    this.#blocked.add(`${from}>${to}`);
  }

  unblock(from: string, to: string): void {
    this.#blocked.delete(`${from}>${to}`);
    for (const channel of this.#channels) {
      if (channel.process.host === from && channel.peer?.process.host === to) channel.pumpLater();
    }
  }

  /** Everything from one host to the other takes `ms` longer; 0 ends it. */
  slow(from: string, to: string, ms: number): void {
    if (ms === 0) this.#added.delete(`${from}>${to}`);
    else this.#added.set(`${from}>${to}`, ms);
  }

  healAll(): void {
    for (const key of [...this.#blocked]) {
      const [from = '', to = ''] = key.split('>');
      this.unblock(from, to);
    }
    this.#added.clear();
  }

  /** Breaks every connection between two hosts. With `halfOpen` only the end at the first host is told. */
  cut(one: string, other: string, { halfOpen }: { readonly halfOpen: boolean }): number {
    let cuts = 0;
    for (const channel of this.#between(one, other)) {
      const { peer } = channel;
      channel.sever();
      channel.break(0);
      if (!halfOpen) peer?.break(this.latency(one, other));
      cuts += 1;
    }
    return cuts;
  }

  /** The process is dead: its listeners are gone, and unless its machine died with it, its peers are told. */
  died(process: SimulatedProcess, { silently }: { readonly silently: boolean }): void {
    for (const [key, listening] of this.#listeners) if (listening.process === process) this.#listeners.delete(key);
    for (const channel of this.#open()) {
      if (channel.process !== process) continue;
      if (silently) channel.sever();
      else channel.abort();
    }
  }

  /** The network as one process sees it. */
  seenFrom(process: SimulatedProcess): ChannelNetwork {
    return {
      connect: (to, events) => this.#connect(process, to, events),
      listen: (at, maxMessageBytes, admit) => {
        const port = at.port === 0 ? this.#freePort() : at.port;
        const key = `${at.host}:${port}`;
        if (this.#listeners.has(key)) throw addressInUse(`ws://${key}`);
        this.#listeners.set(key, { process, maxMessageBytes, admit });
        return { transport: 'ws', host: at.host, port };
      },
      unlisten: ({ host, port }) => void this.#listeners.delete(`${host}:${port}`),
    };
  }

  #connect(process: SimulatedProcess, to: ChannelAddress, events: ChannelEvents): Channel {
    const near = new SimulatedChannel(process, this, { events });
    this.#channels.add(near);
    const here = process.host;
    this.#time.at(this.now + this.latency(here, to.host), () => {
      // A packet that opens a connection is not kept: the dialer tries again.
      if (this.blocked(here, to.host) || this.blocked(to.host, here) || !near.isOpen || !process.alive) return;
      const listening = this.#listeners.get(`${to.host}:${to.port}`);
      if (listening === undefined) near.break(this.latency(to.host, here));
      else listening.process.schedule(this.now, () => this.#accept(near, listening));
    });
    return near;
  }

  #accept(near: SimulatedChannel, { process, admit, maxMessageBytes }: Listening): void {
    if (!near.isOpen || !near.process.alive) return;
    const far = new SimulatedChannel(process, this, { maxMessageBytes });
    this.#channels.add(far);
    far.join(near);
    admit(far);
    near.process.schedule(this.now + this.latency(process.host, near.process.host), () => {
      if (near.isOpen) near.events.opened();
    });
  }

  #freePort(): number {
    this.#nextPort += 1;
    return this.#nextPort;
  }

  #between(one: string, other: string): SimulatedChannel[] {
    return this.#open().filter((channel) => channel.process.host === one && channel.peer?.process.host === other);
  }

  #open(): SimulatedChannel[] {
    const channels = [...this.#channels].filter((channel) => channel.isOpen || channel.isFlying);
    this.#channels = new Set(channels);
    return channels.filter((channel) => channel.isOpen);
  }
}
