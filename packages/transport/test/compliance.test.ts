import { PROTOCOL_VERSION } from '@pagewire/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Channel, ChannelEvents } from '../src/channel.js';
import type { Acceptance, Attributes, Link, LinkEnd, LinkOptions } from '../src/index.js';
import { decodeBye, decodeOpening, encodeHello, wireKind } from '../src/wire.js';
import { quick, type Rig, rigs, Witness } from './rigs.js';

const until = (claim: () => void, timeout = 10_000): Promise<void> => vi.waitFor(claim, { timeout, interval: 5 });
const numbered = (n: number): Buffer => {
  const bytes = Buffer.alloc(4 + (n % 97));
  bytes.writeUInt32LE(n);
  return bytes;
};
const numbersOf = (envelopes: readonly Buffer[]): number[] => envelopes.map((bytes) => bytes.readUInt32LE(0));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const MIB = 1024 * 1024;

describe.each(rigs)('a link over $transport', ({ start }) => {
  let rig: Rig | undefined;
  let accepted: Witness[] = [];
  let turnedAway: LinkEnd[] = [];
  const dialed: Link[] = [];

  const acceptAll = (peer: Attributes, link: Link): Acceptance => {
    const witness = new Witness();
    witness.link = link;
    accepted.push(witness);
    return { handlers: witness.handlers, attributes: { greets: String(peer['name']) } };
  };

  async function open(link: Partial<LinkOptions> = {}, accept = acceptAll): Promise<Rig> {
    accepted = [];
    turnedAway = [];
    const refused = (end: LinkEnd): void => void turnedAway.push(end);
    rig = await start({ host: '127.0.0.1', port: 0, accept, refused, link: { ...quick, ...link } });
    return rig;
  }

  function dial(to: Rig, link: Partial<LinkOptions> = {}, attributes: Attributes = { name: 'n1' }): Witness {
    const witness = new Witness();
    witness.link = to.dial({ url: to.url, attributes, handlers: witness.handlers, link: { ...quick, ...link } });
    dialed.push(witness.link);
    return witness;
  }

  /** A listener and one open link to it. */
  async function pair(link: Partial<LinkOptions> = {}): Promise<{ rig: Rig; near: Witness; far: Witness }> {
    const to = await open(link);
    const near = dial(to, link);
    await until(() => expect(near.events).toContain('opened'));
    return { rig: to, near, far: farOf(0) };
  }

  function farOf(index: number): Witness {
    const far = accepted[index];
    if (far === undefined) throw new Error(`only ${accepted.length} links were accepted`);
    return far;
  }

  /** Connects as something that is not a dialer and says `messages`; collects the answers. */
  async function stranger(to: Rig, ...messages: readonly Buffer[]): Promise<{ channel: Channel; answers: Buffer[]; ends: unknown[] }> {
    const answers: Buffer[] = [];
    const ends: unknown[] = [];
    let connected = false;
    const events: ChannelEvents = {
      opened: () => {
        connected = true;
      },
      message: (bytes) => void answers.push(bytes),
      writable() {},
      closed: (end) => void ends.push(end),
    };
    const channel = to.stranger(events);
    await until(() => expect(connected).toBe(true));
    for (const message of messages) channel.send(message);
    return { channel, answers, ends };
  }

  const hello = (): Buffer => encodeHello({ session: Buffer.alloc(16, 7), established: false, received: 0, attributes: {} });

  afterEach(async () => {
    for (const link of dialed.splice(0)) link.destroy();
    await rig?.close();
    rig = undefined;
  });

  it('tells each side what the other said of itself', async () => {
    const { near, far } = await pair();
    expect(far.link.peer).toEqual({ name: 'n1' });
    expect(near.link.peer).toEqual({ greets: 'n1' });
    expect([near.link.state, far.link.state]).toEqual(['open', 'open']);
  });

  it('delivers every envelope once and in order, both ways', async () => {
    const { near, far } = await pair();
    for (const n of upTo(5000)) {
      near.link.send([numbered(n)]);
      far.link.send([numbered(n)]);
    }
    await until(() => expect([near.got.length, far.got.length]).toEqual([5000, 5000]));
    expect(numbersOf(far.got)).toEqual(upTo(5000));
    expect(numbersOf(near.got)).toEqual(upTo(5000));
    await until(() => expect([near.link.bufferedBytes, far.link.bufferedBytes]).toEqual([0, 0]));
  });

  it('joins the parts of an envelope and lets the caller reuse their memory at once', async () => {
    const { near, far } = await pair();
    const head = Buffer.from('head');
    const body = Buffer.alloc(100_000, 'x');
    near.link.send([head, body]);
    head.fill(0);
    body.fill(0);
    near.link.send([]);
    await until(() => expect(far.got.length).toBe(2));
    expect(far.got[0]?.equals(Buffer.from(`head${'x'.repeat(100_000)}`))).toBe(true);
    expect(far.got[1]?.length).toBe(0);
  });

  it('sends what is given before the connection is up once it is', async () => {
    const to = await open();
    const near = dial(to);
    for (const n of upTo(10)) near.link.send([numbered(n)]);
    await until(() => expect(accepted[0]?.got.length).toBe(10));
    expect(numbersOf(farOf(0).got)).toEqual(upTo(10));
  });

  it('puts all envelopes of one turn into one message', async () => {
    const { near } = await pair();
    for (const _ of upTo(100)) near.link.send([Buffer.alloc(10)]);
    const header = 17;
    expect(near.link.bufferedBytes).toBe(header + 100 * (4 + 10));
  });

  it('delivers nothing while paused, and everything after', async () => {
    const { near, far } = await pair();
    far.onEnvelope = () => far.link.pause();
    for (const n of upTo(20)) near.link.send([numbered(n)]);
    await until(() => expect(far.got.length).toBe(1));
    near.link.send([numbered(20)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(far.got.length).toBe(1);
    far.onEnvelope = () => {};
    far.link.resume();
    await until(() => expect(numbersOf(far.got)).toEqual(upTo(21)));
  });

  it('is congested while the peer does not read, and drained once it has caught up', async () => {
    const { near, far } = await pair();
    far.link.pause();
    for (const n of upTo(64)) near.link.send([numbered(n), Buffer.alloc(64 * 1024)]);
    expect(near.link.congested).toBe(true);
    far.link.resume();
    await until(() => expect(near.events).toContain('drained'));
    expect(near.link.congested).toBe(false);
    await until(() => expect(numbersOf(far.got)).toEqual(upTo(64)));
  });

  it('ends as overloaded when the peer stops reading, within its memory, and disturbs no other link', async () => {
    const cap = 4 * MIB;
    const { rig: to, near, far } = await pair({ maxBufferedBytes: cap });
    const other = dial(to);
    await until(() => expect(other.events).toContain('opened'));
    far.link.pause();
    let most = 0;
    const envelope = [Buffer.alloc(64 * 1024)];
    await until(() => {
      for (const _ of upTo(8)) near.link.send(envelope);
      most = Math.max(most, near.link.bufferedBytes);
      expect(near.ends.length).toBe(1);
    });
    expect(near.ends[0]).toEqual({
      code: 'overloaded',
      reason: expect.stringMatching(/^more than 4194304 bytes were waiting for .* to confirm them/),
    });
    expect(most).toBeLessThanOrEqual(cap);
    expect(near.link.bufferedBytes).toBe(0);
    other.link.send([numbered(1)]);
    await until(() => expect(farOf(1).got.length).toBe(1));
    expect(other.events).toEqual(['opened']);
  });

  it('keeps to the limits that its acceptance gave it, and other links to those of the listener', async () => {
    const listenerLimits = { maxBufferedBytes: 2 * MIB };
    const to = await open(listenerLimits, (peer, link) => ({ ...acceptAll(peer, link), ...(peer['name'] === 'big' && roomy) }));
    const [small, big] = [dial(to), dial(to, {}, { name: 'big' })];
    await until(() => expect([small.link.state, big.link.state]).toEqual(['open', 'open']));
    const [farSmall, farBig] = accepted.toSorted((a, b) => String(b.link.peer['name']).localeCompare(String(a.link.peer['name'])));
    for (const _ of upTo(128)) {
      farSmall?.link.send([Buffer.alloc(64 * 1024)]);
      farBig?.link.send([Buffer.alloc(64 * 1024)]);
    }
    expect(farBig?.link.congested).toBe(false);
    await until(() => expect(big.got.length).toBe(128));
    await until(() => expect(farSmall?.ends.map((end) => end.code)).toEqual(['overloaded']));
    expect(farBig?.ends).toEqual([]);
  });

  const roomy = { link: { maxBufferedBytes: 32 * MIB, highWaterBytes: 16 * MIB, lowWaterBytes: 8 * MIB } };

  it('is kept for resumption as long as its acceptance says', async () => {
    const to = await open({}, (peer, link) => ({ ...acceptAll(peer, link), link: { resumeMs: 200 } }));
    const near = dial(to);
    await until(() => expect(near.events).toContain('opened'));
    to.refuse(true);
    to.cut();
    await until(() => expect(farOf(0).ends).toEqual([{ code: 'unreachable', reason: expect.stringContaining('within 200 ms') }]));
    expect(near.ends).toEqual([]);
  });

  it('counts what was sent before its acceptance against the limits that came with it', async () => {
    const to = await open({}, (peer, link) => {
      link.send([Buffer.alloc(200_000)]);
      return { ...acceptAll(peer, link), link: { maxBufferedBytes: 100_000, highWaterBytes: 10_000, lowWaterBytes: 1000 } };
    });
    const near = dial(to);
    await until(() => expect([near.ends.length, accepted[0]?.ends[0]?.code]).toEqual([1, 'overloaded']));
  });

  it.each<Partial<LinkOptions>>([
    { resumeMs: 1.5 },
    { highWaterBytes: 64 * MIB },
    { maxEnvelopeBytes: 1000 },
    { maxBatchBytes: 1000 },
    { handshakeMs: 7 },
  ])('is refused when its acceptance gives the limits %j', async (link) => {
    const to = await open({}, (peer, accepting) => ({ ...acceptAll(peer, accepting), link }));
    const near = dial(to);
    const end = { code: 'bad-argument', reason: expect.stringContaining(Object.keys(link).join()) };
    await until(() => expect(near.ends).toEqual([end]));
    expect(turnedAway).toEqual([end]);
  });

  it('refuses to send an envelope over the limit and goes on', async () => {
    const { near, far } = await pair({ maxEnvelopeBytes: 1000 });
    expect(() => near.link.send([Buffer.alloc(1001)])).toThrow(/1001 bytes is over the link's limit of 1000/);
    near.link.send([Buffer.alloc(1000)]);
    await until(() => expect(far.got[0]?.length).toBe(1000));
  });

  it('ends with protocol-violation on both sides when a peer sends an envelope over the limit', async () => {
    const to = await open({ maxEnvelopeBytes: 1000 });
    const near = dial(to, { maxEnvelopeBytes: 10_000 });
    near.link.send([Buffer.alloc(5000)]);
    await until(() => expect([near.ends[0]?.code, accepted[0]?.ends[0]?.code]).toEqual(['protocol-violation', 'protocol-violation']));
    expect(farOf(0).got).toEqual([]);
  });

  it('ends with protocol-violation when a message is over the limit, without reading it', async () => {
    const to = await open({ maxEnvelopeBytes: 1000, maxBatchBytes: 4096 });
    const near = dial(to, { maxEnvelopeBytes: MIB });
    near.link.send([Buffer.alloc(MIB)]);
    await until(() => expect(accepted[0]?.ends[0]?.code).toBe('protocol-violation'));
    await until(() => expect(near.ends.length).toBe(1));
  });

  it('drops a half-open connection and goes on over a new one', async () => {
    const { rig: to, near, far } = await pair();
    near.link.send([numbered(0)]);
    await until(() => expect(far.got.length).toBe(1));
    to.stall(true);
    near.link.send([numbered(1)]);
    far.link.send([numbered(0)]);
    await until(() => {
      expect(near.events).toContain('interrupted');
      expect(far.events).toContain('interrupted');
    });
    to.stall(false);
    await until(() => expect([near.link.state, far.link.state]).toEqual(['open', 'open']));
    await until(() => expect([numbersOf(far.got), numbersOf(near.got)]).toEqual([[0, 1], [0]]));
  });

  it('keeps an idle link open by heartbeats', async () => {
    const { near, far } = await pair({ heartbeatMs: 30, silenceMs: 400 });
    const since = performance.now();
    await until(() => expect(performance.now() - since).toBeGreaterThan(1000));
    expect([near.events, far.events]).toEqual([['opened'], ['opened']]);
  });

  it('delivers exactly once and in order however often the connection is cut', async () => {
    const { rig: to, near, far } = await pair();
    const total = 3000;
    let sent = 0;
    let cuts = 0;
    const feed = setInterval(() => {
      for (let i = 0; i < 50 && sent < total; i++, sent++) {
        near.link.send([numbered(sent), Buffer.alloc(500)]);
        far.link.send([numbered(sent), Buffer.alloc(500)]);
      }
    }, 2);
    const knife = setInterval(() => {
      if (cuts++ < 8) to.cut();
    }, 60);
    try {
      await until(() => expect([near.got.length, far.got.length]).toEqual([total, total]));
    } finally {
      clearInterval(feed);
      clearInterval(knife);
    }
    expect(numbersOf(far.got)).toEqual(upTo(total));
    expect(numbersOf(near.got)).toEqual(upTo(total));
    expect(near.events.filter((event) => event === 'resumed').length).toBeGreaterThan(0);
    expect(accepted.length).toBe(1);
  });

  it('resumes in the middle of a message that a pause has split', async () => {
    const { rig: to, near, far } = await pair();
    far.onEnvelope = () => far.link.pause();
    for (const n of upTo(10)) near.link.send([numbered(n)]);
    await until(() => expect(far.got.length).toBe(1));
    near.link.send([numbered(10)]);
    to.cut();
    far.onEnvelope = () => {};
    await until(() => expect(near.events).toContain('interrupted'));
    far.link.resume();
    await until(() => expect(numbersOf(far.got)).toEqual(upTo(11)));
    await until(() => expect(near.link.bufferedBytes).toBe(0));
  });

  it('ends as unreachable, saying why, when the process at the other end does not know it any more', async () => {
    const { near, far } = await pair();
    far.link.destroy();
    await until(() => expect(near.ends.length).toBe(1));
    expect(near.ends[0]).toEqual({ code: 'unreachable', reason: expect.stringContaining('does not know the link') });
  });

  it('ends as unreachable on both sides when a cut outlasts resumeMs', async () => {
    const { rig: to, near, far } = await pair({ resumeMs: 300 });
    to.refuse(true);
    to.cut();
    await until(() => expect([near.ends[0]?.code, far.ends[0]?.code]).toEqual(['unreachable', 'unreachable']));
    expect(near.ends[0]?.reason).toContain('300 ms');
    expect([near.events, far.events]).toEqual([
      ['opened', 'interrupted'],
      ['opened', 'interrupted'],
    ]);
  });

  it('ends as unreachable, naming the cause but not the url once more, when nothing answers', async () => {
    const to = await open();
    to.refuse(true);
    const near = dial(to, { connectMs: 200 });
    await until(() => expect(near.ends.length).toBe(1));
    expect(near.ends[0]?.code).toBe('unreachable');
    expect(near.ends[0]?.reason).toMatch(/^no connection within 200 ms: .*\. Check that/);
    expect(near.ends[0]?.reason).not.toMatch(/ws:|grpc:|memory:|Resolution note/);
    expect(near.events).toEqual([]);
  });

  it('connects to a peer that comes up while it is dialing', async () => {
    const to = await open();
    to.refuse(true);
    const near = dial(to);
    near.link.send([numbered(5)]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    to.refuse(false);
    await until(() => expect(numbersOf(farOf(0).got)).toEqual([5]));
  });

  it('passes on the code and reason of a listener that refuses', async () => {
    const to = await open({}, () => ({ refuse: { code: 'name-taken', reason: 'n1 is here already' } }));
    const near = dial(to);
    await until(() => expect(near.ends).toEqual([{ code: 'name-taken', reason: 'n1 is here already' }]));
    expect(turnedAway.map((end) => end.code)).toEqual(['name-taken']);
  });

  it('refuses a peer of another version and names both versions on both sides', async () => {
    const to = await open();
    const greeting = { session: Buffer.alloc(16, 1), established: false, received: 0, attributes: {} };
    const { answers } = await stranger(to, encodeHello(greeting, PROTOCOL_VERSION + 6));
    await until(() => expect(answers.length).toBe(1));
    const answer = decodeOpening(answers[0] ?? Buffer.alloc(0));
    const end = {
      code: 'version-mismatch',
      reason: expect.stringMatching(`version ${PROTOCOL_VERSION},.*version ${PROTOCOL_VERSION + 6}`),
    };
    expect(answer).toEqual({ kind: 'refuse', end });
    expect(turnedAway).toEqual([end]);
  });

  it.each([
    ['garbage', Buffer.from('GET me out of here')],
    ['an empty message', Buffer.alloc(0)],
    ['data before the handshake', Buffer.concat([Buffer.of(wireKind.data), Buffer.alloc(40)])],
    ['a hello that ends early', hello().subarray(0, 20)],
    ['a message over the limit', Buffer.alloc(2 * MIB)],
  ])('drops a connection that opens with %s and disturbs no other', async (_what, message) => {
    const { rig: to, near, far } = await pair();
    const { ends } = await stranger(to, message);
    await until(() => expect(ends.length).toBe(1));
    await until(() => expect(turnedAway.map((end) => end.code)).toEqual(['protocol-violation']));
    near.link.send([numbered(1)]);
    await until(() => expect(far.got.length).toBe(1));
    expect(near.events).toEqual(['opened']);
    expect(accepted.length).toBe(1);
  });

  it('drops a connection that says nothing within handshakeMs', async () => {
    const to = await open({ handshakeMs: 150 });
    const { ends } = await stranger(to);
    await until(() => expect(ends.length).toBe(1));
    expect(accepted.length).toBe(0);
  });

  it.each([
    ['a message of unknown kind', Buffer.of(99, 1, 2, 3)],
    ['an empty message', Buffer.alloc(0)],
    ['an acknowledgement of what was never sent', Buffer.of(wireKind.ack, 9, 0, 0, 0, 0, 0, 0, 0)],
    ['a sequence number out of turn', Buffer.concat([Buffer.of(wireKind.data, 5), Buffer.alloc(15), Buffer.alloc(4)])],
    ['an envelope longer than its message', Buffer.concat([Buffer.of(wireKind.data, 1), Buffer.alloc(15), Buffer.of(9, 0, 0, 0)])],
    ['a malformed goodbye', Buffer.of(wireKind.bye, 200)],
    ['a second hello', hello()],
  ])('ends the link of a peer that sends %s, and only that', async (_what, message) => {
    const { rig: to, near, far } = await pair();
    const { channel, answers, ends } = await stranger(to, hello());
    await until(() => expect(answers.length).toBe(1));
    channel.send(message);
    await until(() => expect(farOf(1).ends[0]?.code).toBe('protocol-violation'));
    await until(() => expect(decodeBye(answers[1] ?? Buffer.alloc(0))?.code).toBe('protocol-violation'));
    await until(() => expect(ends.length).toBe(1));
    near.link.send([numbered(1)]);
    await until(() => expect(far.got.length).toBe(1));
    expect(near.events).toEqual(['opened']);
  });

  it('survives any bytes, before and after the handshake', async () => {
    const { rig: to, near, far } = await pair();
    const messages = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 4 });
    let life = 0;
    await fc.assert(
      fc.asyncProperty(fc.boolean(), messages, async (shake, said) => {
        const session = Buffer.alloc(16);
        session.writeUInt32LE(++life);
        const greeting = encodeHello({ session, established: false, received: 0, attributes: {} });
        const { channel } = await stranger(to, ...(shake ? [greeting] : []), ...said.map((bytes) => Buffer.from(bytes)));
        near.link.send([numbered(life)]);
        await until(() => expect(far.got.length).toBe(life));
        channel.destroy();
      }),
      { numRuns: 40 },
    );
    expect(near.events).toEqual(['opened']);
  });

  it('delivers everything sent before close, then tells both sides', async () => {
    const { near, far } = await pair();
    for (const n of upTo(500)) near.link.send([numbered(n), Buffer.alloc(1000)]);
    await near.link.close('work is done');
    expect(numbersOf(far.got)).toEqual(upTo(500));
    const end = { code: 'closed', reason: 'work is done' };
    expect(near.ends).toEqual([end]);
    await until(() => expect(far.ends).toEqual([end]));
    expect([near.link.state, far.link.state]).toEqual(['closed', 'closed']);
  });

  it('can be closed by the accepting side', async () => {
    const { near, far } = await pair();
    far.link.send([numbered(3)]);
    await far.link.close('enough');
    await until(() => expect(near.ends).toEqual([{ code: 'closed', reason: 'enough' }]));
    expect(numbersOf(near.got)).toEqual([3]);
  });

  it('can be closed by both sides at once', async () => {
    const { near, far } = await pair();
    await Promise.all([near.link.close('a'), far.link.close('b')]);
    expect([near.ends[0]?.code, far.ends[0]?.code]).toEqual(['closed', 'closed']);
  });

  it('says goodbye over a new connection when the old one is cut during close', async () => {
    const { rig: to, near, far } = await pair({ closeTimeoutMs: 5000 });
    near.link.send([numbered(1)]);
    const closed = near.link.close('at last');
    to.cut();
    await closed;
    await until(() => expect(far.ends).toEqual([{ code: 'closed', reason: 'at last' }]));
    expect(numbersOf(far.got)).toEqual([1]);
  });

  it('gives up on a goodbye that nobody answers', async () => {
    const { rig: to, near } = await pair({ closeTimeoutMs: 100 });
    to.stall(true);
    near.link.send([numbered(1)]);
    await near.link.close();
    expect(near.link.state).toBe('closed');
    to.stall(false);
  });

  it('does nothing when used after the end', async () => {
    const { near, far } = await pair();
    near.link.destroy({ code: 'fenced', reason: 'test' });
    near.link.send([numbered(1)]);
    near.link.pause();
    near.link.resume();
    near.link.destroy();
    await near.link.close();
    await until(() => expect(near.ends).toEqual([{ code: 'fenced', reason: 'test' }]));
    expect(far.got).toEqual([]);
  });

  it('ends with its listener', async () => {
    const { rig: to, near, far } = await pair();
    await to.listener.close();
    await until(() => expect([near.ends[0]?.code, far.ends[0]?.code]).toEqual(['closed', 'closed']));
    expect(near.ends[0]?.reason).toBe('the listener was closed');
  });

  it('keeps only so many interrupted links', async () => {
    rig = await start({ host: '127.0.0.1', port: 0, accept: acceptAll, maxDormantLinks: 1, link: quick });
    accepted = [];
    const [first, second] = [dial(rig), dial(rig)];
    await until(() => expect([first.link.state, second.link.state]).toEqual(['open', 'open']));
    rig.refuse(true);
    rig.cut();
    await until(() => expect(accepted.flatMap((far) => far.ends.map((end) => end.code))).toEqual(['unreachable']));
  });
});
