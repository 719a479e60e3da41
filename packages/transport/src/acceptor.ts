import { PagewireError } from '@pagewire/protocol';
import { type Channel, type ChannelEnd, type ChannelEvents, deafEvents } from './channel.js';
import type { Acceptance, AcceptedLink, LinkEnd, LinkOptions, ListenOptions } from './link.js';
import { resolveAcceptedOptions, transportLimits } from './link-defaults.js';
import { brokeProtocol, overfilled, tooManyDormant, unknownSession } from './link-ends.js';
import { type LinkOwner, LinkSession } from './link-session.js';
import { type PulseMember, pulse } from './pulse.js';
import { decodeOpening, encodeRefuse, encodeWelcome, type Hello, versionMismatch } from './wire.js';

const LISTENER_CLOSED = 'the listener was closed';

/** A connection that has not shaken hands: it has a short time and a few bytes to do so. */
class Stranger implements ChannelEvents, PulseMember {
  readonly channel: Channel;
  readonly #acceptor: Acceptor;
  readonly #handshakeMs: number;
  readonly #since = pulse.now;
  readonly #bytesBefore: number;

  constructor(acceptor: Acceptor, channel: Channel, handshakeMs: number) {
    this.#acceptor = acceptor;
    this.channel = channel;
    this.#handshakeMs = handshakeMs;
    this.#bytesBefore = channel.receivedBytes;
    channel.events = this;
    pulse.add(this);
  }

  beat(now: number): void {
    if (now - this.#since > this.#handshakeMs) this.#drop(`said nothing within ${this.#handshakeMs} ms`);
    else if (this.channel.receivedBytes - this.#bytesBefore > transportLimits.maxHandshakeBytes)
      this.#drop('sent too much before its handshake');
  }

  opened(): void {}

  message(bytes: Buffer): void {
    this.forget();
    this.#acceptor.greet(this, bytes);
  }

  writable(): void {}

  closed(end: ChannelEnd): void {
    this.#drop(end.reason);
  }

  /** Stops watching; the channel is somebody else's now, or gone. */
  forget(): void {
    pulse.delete(this);
    this.channel.events = deafEvents;
  }

  #drop(what: string): void {
    this.forget();
    this.channel.destroy();
    this.#acceptor.lost(this, what);
  }
}

/** The accepting side of all links of one listener: handshakes, resumption, and the table of links. */
export class Acceptor implements LinkOwner {
  readonly #listen: Pick<ListenOptions, 'accept' | 'refused'>;
  readonly #options: LinkOptions;
  readonly #maxDormant: number;
  readonly #strangers = new Set<Stranger>();
  readonly #sessions = new Map<string, LinkSession>();
  readonly #keys = new Map<LinkSession, { readonly key: string; readonly attributes: LinkSession['peer'] }>();
  /** Interrupted links, the one interrupted first in front. */
  readonly #dormant = new Set<LinkSession>();
  #closed = false;

  constructor(listen: Pick<ListenOptions, 'accept' | 'refused' | 'maxDormantLinks'>, options: LinkOptions) {
    this.#listen = listen;
    this.#options = options;
    this.#maxDormant = listen.maxDormantLinks ?? transportLimits.maxDormantLinks;
  }

  /** Takes over a new connection. */
  admit(channel: Channel): void {
    if (this.#closed) channel.destroy();
    else this.#strangers.add(new Stranger(this, channel, this.#options.handshakeMs));
  }

  /** A stranger has sent its first message. */
  greet(stranger: Stranger, bytes: Buffer): void {
    this.#strangers.delete(stranger);
    const { channel } = stranger;
    const opening = decodeOpening(bytes);
    if (opening.kind === 'hello') this.#meet(channel, opening.hello);
    else if (opening.kind === 'other-version') this.#refuse(channel, versionMismatch(opening.version));
    else if (opening.kind === 'refuse') this.#refuse(channel, opening.end);
    else this.#refuse(channel, brokeProtocol(channel.remote, opening.kind === 'bad' ? opening.reason : 'it opened with a welcome'));
  }

  /** A stranger is gone before its handshake. */
  lost(stranger: Stranger, what: string): void {
    this.#strangers.delete(stranger);
    this.#listen.refused?.(brokeProtocol(stranger.channel.remote, what), stranger.channel.remote);
  }

  interrupted(session: LinkSession): void {
    if (this.#closed) {
      session.fail({ code: 'closed', reason: LISTENER_CLOSED });
      return;
    }
    this.#dormant.add(session);
    if (this.#dormant.size <= this.#maxDormant) return;
    for (const oldest of this.#dormant) {
      oldest.fail(tooManyDormant(this.#maxDormant));
      break;
    }
  }

  ended(session: LinkSession): void {
    const entry = this.#keys.get(session);
    if (entry !== undefined) this.#sessions.delete(entry.key);
    this.#keys.delete(session);
    this.#dormant.delete(session);
  }

  /** Ends every link with a goodbye; resolves when they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const stranger of this.#strangers) {
      stranger.forget();
      stranger.channel.destroy();
    }
    this.#strangers.clear();
    for (const session of this.#dormant) session.fail({ code: 'closed', reason: LISTENER_CLOSED });
    await Promise.all([...this.#keys.keys()].map((session) => session.close(LISTENER_CLOSED)));
  }

  #meet(channel: Channel, hello: Hello): void {
    const key = hello.session.toString('hex');
    const known = this.#sessions.get(key);
    if (known !== undefined) this.#resume(known, channel, hello);
    else if (hello.established) this.#refuse(channel, unknownSession);
    else this.#begin(key, channel, hello);
  }

  #begin(key: string, channel: Channel, hello: Hello): void {
    const { transport, remote } = channel;
    const session = new LinkSession({ transport, remote, options: this.#options, owner: this, connectMs: this.#options.resumeMs });
    session.peer = hello.attributes;
    const answer =
      hello.received === 0
        ? this.#listen.accept(hello.attributes, session)
        : refusal(brokeProtocol(remote, 'a new link that has received'));
    if ('refuse' in answer || session.isEnding) {
      const end: LinkEnd = 'refuse' in answer ? answer.refuse : { code: 'closed', reason: 'closed while it was being accepted' };
      session.fail(end);
      this.#refuse(channel, end);
      return;
    }
    const terms = settle(answer, this.#options);
    if ('refuse' in terms) {
      session.fail(terms.refuse);
      this.#refuse(channel, terms.refuse);
      return;
    }
    session.listen(answer.handlers, terms.options);
    if (session.isEnding) {
      this.#refuse(channel, overfilled);
      return;
    }
    this.#sessions.set(key, session);
    this.#keys.set(session, { key, attributes: answer.attributes });
    channel.send(terms.welcome);
    session.attach(channel, 0);
  }

  #resume(session: LinkSession, channel: Channel, hello: Hello): void {
    if (!session.mayHaveReceived(hello.received)) {
      this.#refuse(channel, brokeProtocol(channel.remote, 'it claims to have received what was never sent'));
      return;
    }
    session.detach('the peer dialed again');
    // Its owner was told of the interruption, and may have ended it.
    if (session.state === 'closed') {
      this.#refuse(channel, unknownSession);
      return;
    }
    this.#dormant.delete(session);
    const attributes = this.#keys.get(session)?.attributes ?? {};
    channel.send(encodeWelcome({ resumed: true, received: session.received, attributes }));
    session.attach(channel, hello.received);
  }

  #refuse(channel: Channel, end: LinkEnd): void {
    channel.events = deafEvents;
    channel.send(encodeRefuse(end));
    channel.end();
    this.#listen.refused?.(end, channel.remote);
  }
}

const refusal = (refuse: LinkEnd): Acceptance => ({ refuse });

type Terms = { readonly welcome: Buffer; readonly options: LinkOptions } | { readonly refuse: LinkEnd };

/** The welcome and options of a new link, or how to refuse it because `accept` gave attributes or options that cannot be. */
function settle(answer: AcceptedLink, listener: LinkOptions): Terms {
  try {
    const options = resolveAcceptedOptions(answer.link, listener);
    return { welcome: encodeWelcome({ resumed: false, received: 0, attributes: answer.attributes }), options };
  } catch (error) {
    if (error instanceof PagewireError) return { refuse: { code: error.code, reason: error.message } };
    throw error;
  }
}
