import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Channel, type ChannelEvents, deafEvents } from '../src/channel.js';
import { linkDefaults, transportLimits } from '../src/link-defaults.js';
import { LinkSession } from '../src/link-session.js';
import { Outbox } from '../src/outbox.js';
import { Pulse } from '../src/pulse.js';
import { decodeBye, encodeAck, readSequence, wireKind } from '../src/wire.js';
import { Witness } from './rigs.js';

/** A channel that goes nowhere and remembers everything. */
class DeadEnd implements Channel {
  readonly transport = 'memory';
  readonly remote = 'dead end';
  bufferedBytes = 0;
  receivedBytes = 0;
  events: ChannelEvents = deafEvents;
  readonly sent: Buffer[] = [];
  writes = 0;
  paused = false;
  over = false;
  #corked = 0;

  send(message: Buffer): void {
    this.sent.push(Buffer.from(message));
    this.writes += this.#corked === 0 ? 1 : 0;
  }
  cork(): void {
    this.#corked = this.sent.length + 1;
  }
  uncork(): void {
    this.writes += this.sent.length >= this.#corked ? 1 : 0;
    this.#corked = 0;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  end(): void {
    this.over = true;
  }
  destroy(): void {
    this.over = true;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** What comes after the present callback and its promises, but within the same turn of the loop. */
const callback = (): Promise<void> => new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
const owner = { interrupted() {}, ended() {} };
// The beats of the process must not meddle: only those that a test makes count.
const still = { ...linkDefaults, heartbeatMs: 1e6, silenceMs: 1e7, resumeMs: 1e8 };

describe('a link session', () => {
  let channel: DeadEnd;
  let witness: Witness;
  let session: LinkSession;

  beforeEach(() => {
    channel = new DeadEnd();
    witness = new Witness();
    session = new LinkSession({ transport: 'memory', remote: 'test', options: still, owner, connectMs: 1e9 }, witness.handlers);
    session.attach(channel, 0);
  });
  afterEach(() => session.destroy());

  const batch = (...sizes: number[]): Buffer => {
    const outbox = new Outbox(1024 * 1024);
    for (const size of sizes) outbox.append([Buffer.alloc(size)], size);
    return outbox.next(0) ?? Buffer.alloc(0);
  };

  it('sends all envelopes of one turn in one write, at the end of the turn', async () => {
    for (let i = 0; i < 200; i++) session.send([Buffer.alloc(1000)]);
    expect(channel.writes).toBe(0);
    await turn();
    expect(channel.writes).toBe(1);
    expect(channel.sent.length).toBe(4);
  });

  it('sends a lone envelope, to a peer that has confirmed everything, when the callback is done', async () => {
    session.send([Buffer.alloc(10)]);
    expect(channel.writes).toBe(0);
    await callback();
    expect(channel.sent.map((message) => message.length)).toEqual([17 + 14]);
  });

  it('gathers the turn behind what a callback and its promises have sent together', async () => {
    session.send([Buffer.alloc(10)]);
    await Promise.resolve().then(() => Promise.resolve());
    session.send([Buffer.alloc(10)]);
    await callback();
    expect(channel.writes).toBe(0);
    session.send([Buffer.alloc(10)]);
    await turn();
    expect(channel.sent.map((message) => message.length)).toEqual([17 + 14 + 14 + 14]);
  });

  it('gathers what several callbacks of a turn send to a peer that has not confirmed everything', async () => {
    session.send([Buffer.alloc(10)]);
    await callback();
    session.send([Buffer.alloc(10)]);
    await callback();
    session.send([Buffer.alloc(10)]);
    await callback();
    expect(channel.writes).toBe(1);
    await turn();
    expect(channel.sent.map((message) => message.length)).toEqual([17 + 14, 17 + 14 + 14]);
  });

  it('hands the connection no more than its window until it can write again', async () => {
    channel.bufferedBytes = transportLimits.channelWindowBytes;
    session.send([Buffer.alloc(10)]);
    await turn();
    session.send([Buffer.alloc(10)]);
    await turn();
    expect(channel.sent).toEqual([]);
    channel.bufferedBytes = 0;
    channel.events.writable();
    expect(channel.sent.map((message) => message.length)).toEqual([17 + 14 + 14]);
  });

  it('puts the acknowledgement of what was delivered into the next batch', async () => {
    channel.events.message(batch(10));
    session.send([Buffer.alloc(1)]);
    await turn();
    expect(channel.sent.map((message) => [message[0], readSequence(message, 9)])).toEqual([[wireKind.data, 1]]);
  });

  it('acknowledges with the next beat when it has nothing to send, and once', () => {
    channel.events.message(batch(10));
    expect(channel.sent).toEqual([]);
    session.beat(1);
    session.beat(2);
    expect(channel.sent).toEqual([encodeAck(1)]);
  });

  it('acknowledges at once when much was delivered', () => {
    channel.events.message(batch(256 * 1024));
    expect(channel.sent).toEqual([encodeAck(1)]);
  });

  it('does not acknowledge while paused', () => {
    session.pause();
    channel.events.message(batch(256 * 1024));
    session.beat(1);
    expect(channel.sent).toEqual([]);
    expect(channel.paused).toBe(true);
  });

  it('sends a heartbeat when nothing else was sent for heartbeatMs', () => {
    session.beat(2 * still.heartbeatMs);
    session.beat(2 * still.heartbeatMs + 1);
    expect(channel.sent).toEqual([encodeAck(0)]);
  });

  it('piles no heartbeats up behind unsent data', () => {
    channel.bufferedBytes = 1;
    for (let n = 1; n < 10; n++) session.beat(n * (still.heartbeatMs + 1));
    expect(channel.sent).toEqual([]);
  });

  it('drops a silent connection, but not one that brings bytes, nor one that it does not read', () => {
    const late = still.silenceMs + 1;
    session.pause();
    session.beat(late);
    session.resume();
    channel.receivedBytes = 1;
    session.beat(2 * late);
    expect(session.state).toBe('open');
    session.beat(3 * late + 1);
    expect([session.state, channel.over]).toEqual(['interrupted', true]);
  });

  it('ignores what an old connection still says', () => {
    const old = channel.events;
    session.detach('test');
    const fresh = new DeadEnd();
    session.attach(fresh, 0);
    expect(channel.events).toBe(deafEvents);
    expect(old).toBe(fresh.events);
    expect(witness.events).toEqual(['opened', 'interrupted', 'resumed']);
  });

  it('sends again on a new connection what the peer has not received, in order', async () => {
    session.send([Buffer.from('a')]);
    await turn();
    session.send([Buffer.from('b')]);
    await turn();
    session.detach('test');
    const fresh = new DeadEnd();
    session.attach(fresh, 1);
    expect(fresh.sent.map((message) => [readSequence(message, 1), String(message.subarray(21))])).toEqual([[2, 'b']]);
  });

  it('goes on delivering after a handler has thrown', async () => {
    witness.onEnvelope = () => {
      witness.onEnvelope = () => {};
      throw new Error('a bug in a handler');
    };
    expect(() => channel.events.message(batch(1, 2, 3))).toThrow('a bug in a handler');
    await turn();
    expect(witness.got.map((bytes) => bytes.length)).toEqual([1, 2, 3]);
  });

  it('stops in the middle of a message when it is paused there, and goes on there when the connection was cut meanwhile', async () => {
    witness.onEnvelope = () => session.pause();
    channel.events.message(batch(1, 2, 3));
    witness.onEnvelope = () => {};
    expect(witness.got.map((bytes) => bytes.length)).toEqual([1]);
    session.detach('test');
    expect(session.received).toBe(1);
    session.attach(new DeadEnd(), 0);
    session.resume();
    await turn();
    expect(witness.got.map((bytes) => bytes.length)).toEqual([1, 2, 3]);
  });

  it('tells the peer of a violation before it hangs up', () => {
    channel.events.message(Buffer.of(77));
    expect(decodeBye(channel.sent[0] ?? Buffer.alloc(0))?.code).toBe('protocol-violation');
    expect([channel.over, session.state]).toEqual([true, 'closed']);
  });

  it('delivers nothing more once a handler has closed the link', () => {
    witness.onEnvelope = () => void session.close();
    channel.events.message(batch(1, 2, 3));
    expect(witness.got.length).toBe(1);
  });
});

describe('the pulse', () => {
  it('does not count the time during which the process was stopped', () => {
    let time = 0;
    const heard: number[] = [];
    const pulse = new Pulse(() => time);
    const member = { beat: (now: number) => void heard.push(now) };
    pulse.add(member);
    time = 25;
    pulse.beat();
    time += 60_000;
    pulse.beat();
    time += 25;
    pulse.beat();
    pulse.delete(member);
    expect(heard).toEqual([25, 125, 150]);
  });
});
