import { PagewireError } from '@pagewire/protocol';
import { type Channel, type ChannelEnd, type ChannelEvents, deafEvents } from './channel.js';
import { Closing } from './closing.js';
import { Inbox } from './inbox.js';
import type { Attributes, Link, LinkEnd, LinkHandlers, LinkOptions } from './link.js';
import { transportLimits } from './link-defaults.js';
import { brokeProtocol, lostForGood, neverReached, tooMuchBuffered } from './link-ends.js';
import { Liveness } from './liveness.js';
import { Outbox } from './outbox.js';
import { type PulseMember, pulse } from './pulse.js';
import { afterCallback, atEndOfTurn, type TurnMember } from './turn.js';
import { decodeBye, encodeAck, encodeBye, readSequence, wireKind } from './wire.js';

/** The side of a link that finds connections for it: a dialer or an acceptor. */
export interface LinkOwner {
  /** The connection broke; the link waits for `attach`. */
  interrupted(session: LinkSession): void;
  /** The link is over. Called once. */
  ended(session: LinkSession): void;
}

export interface LinkSessionConfig {
  readonly transport: string;
  /** The peer's address, for messages. */
  readonly remote: string;
  readonly options: LinkOptions;
  readonly owner: LinkOwner;
  /** How long the link may go without its first connection. */
  readonly connectMs: number;
}

/**
 * A link, on either side, from the first handshake to the end. It owns the channel it was given with `attach` and survives its loss:
 * numbering, acknowledgement, retransmission, heartbeats, batching and back-pressure are all here, the same over every transport.
 */
export class LinkSession implements Link, ChannelEvents, PulseMember, TurnMember {
  readonly transport: string;
  readonly remote: string;
  peer: Attributes = {};
  state: Link['state'] = 'connecting';
  congested = false;

  readonly #config: LinkSessionConfig;
  #options: LinkOptions;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  #ackBytes = 0;
  #handlers: LinkHandlers | undefined;
  #channel: Channel | undefined;
  /** Messages read before a pause took hold. Not counted as received: a new connection brings them again. */
  #held: Buffer[] = [];
  #paused = false;
  /** Reading has stopped for a pause, and has not been caught up since. */
  #halted = false;
  #turnQueued = false;
  #acknowledged = 0;
  #closing: Closing | undefined;
  #byeSent = false;
  #lastCause = 'no connection yet';
  #waitingSince = pulse.now;
  #liveness: Liveness;

  constructor(config: LinkSessionConfig, handlers?: LinkHandlers) {
    this.transport = config.transport;
    this.remote = config.remote;
    this.#config = config;
    this.#options = config.options;
    this.#handlers = handlers;
    this.#outbox = new Outbox(config.options.maxBatchBytes);
    this.#inbox = new Inbox(config.options.maxEnvelopeBytes);
    this.#ackBytes = ackBytes(config.options);
    this.#liveness = new Liveness(config.options);
    pulse.add(this);
  }

  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes;
  }

  /** Sequence of the last message received, for the handshake. */
  get received(): number {
    return this.#inbox.received;
  }

  /** `close` was called, or the link has ended. */
  get isEnding(): boolean {
    return this.#closing !== undefined || this.state === 'closed';
  }

  send(parts: readonly Uint8Array[]): void {
    if (this.isEnding) return;
    let length = 0;
    for (const part of parts) length += part.length;
    if (length > this.#options.maxEnvelopeBytes) {
      throw new PagewireError(
        'bad-argument',
        `an envelope of ${length} bytes is over the link's limit of ${this.#options.maxEnvelopeBytes}: split it before sending`,
      );
    }
    const outbox = this.#outbox;
    const idle = outbox.isEmpty;
    outbox.append(parts, length);
    if (outbox.bufferedBytes >= this.#options.highWaterBytes) this.#congest();
    // A peer that has confirmed everything may be waiting for this one; behind unconfirmed data there is time to gather more.
    if (idle) afterCallback(this.#flushLone);
    else this.#queueTurn();
  }

  pause(): void {
    this.#paused = true;
    this.#halted = true;
    this.#channel?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#queueTurn();
  }

  close(reason = 'closed by its owner'): Promise<void> {
    if (this.#closing !== undefined) return this.#closing.done;
    if (this.state === 'closed') return Promise.resolve();
    const end: LinkEnd = { code: 'closed', reason };
    const closing = new Closing(end, this.#options.closeTimeoutMs, () => this.fail(end));
    this.#closing = closing;
    if (this.state === 'connecting' && this.#outbox.isEmpty) {
      this.fail(end);
      return closing.done;
    }
    // Acknowledgements and the answer to the goodbye can only come in when reading goes on.
    this.resume();
    this.#inbox.discard();
    this.#queueTurn();
    return closing.done;
  }

  destroy(end: LinkEnd = { code: 'closed', reason: 'destroyed by its owner' }): void {
    this.fail(end);
  }

  /** Who is told of this link, and its options; the acceptor knows only once `accept` has answered. Comes before the first `attach`. */
  listen(handlers: LinkHandlers, options: LinkOptions): void {
    this.#handlers = handlers;
    this.#options = options;
    this.#ackBytes = ackBytes(options);
    this.#liveness = new Liveness(options);
    if (this.#outbox.bufferedBytes >= options.highWaterBytes) this.#congest();
  }

  /** Notes why there is no connection, for the day when the link gives up. */
  noteCause(cause: string): void {
    this.#lastCause = cause;
  }

  /** Whether a peer that says it has received everything up to `sequence` can be the peer of this link. */
  mayHaveReceived(sequence: number): boolean {
    return this.#outbox.mayHaveReceived(sequence);
  }

  /** Gives up the connection, if there is one, because the peer has dialed another. */
  detach(cause: string): void {
    if (this.#channel !== undefined) this.#interrupt(cause);
  }

  /** Goes on over a channel whose handshake is done; `peerReceived` must have passed `mayHaveReceived`. */
  attach(channel: Channel, peerReceived: number): void {
    const resumed = this.state === 'interrupted';
    this.#channel = channel;
    channel.events = this;
    this.#outbox.rewind(peerReceived);
    this.#acknowledged = this.#inbox.received;
    this.#byeSent = false;
    this.#liveness.restart(channel.receivedBytes, pulse.now);
    this.state = 'open';
    if (this.#paused) channel.pause();
    this.#handlers?.opened?.(resumed);
    this.#relieve();
    this.#pump();
  }

  /** Ends the link; a `farewell` is sent to the peer where there is a connection to carry it. */
  fail(end: LinkEnd, farewell = false): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    pulse.delete(this);
    const channel = this.#channel;
    this.#channel = undefined;
    this.#release(channel, farewell ? end : undefined);
    this.#outbox.clear();
    this.#inbox.discard();
    this.#held = [];
    this.#config.owner.ended(this);
    const closing = this.#closing;
    closing?.stop();
    setImmediate(() => {
      this.#handlers?.closed(end);
      closing?.finish();
    });
  }

  // ChannelEvents

  opened(): void {}

  message(bytes: Buffer): void {
    if (!this.#paused && this.#held.length === 0 && !this.#inbox.isBusy) {
      this.#receive(bytes);
      return;
    }
    this.#held.push(bytes);
    if (!this.#paused) this.#queueTurn();
  }

  writable(): void {
    this.#pump();
  }

  closed(end: ChannelEnd): void {
    if (end.violation) this.#violation(end.reason);
    else this.#interrupt(end.reason);
  }

  // TurnMember

  endOfTurn(): void {
    this.#turnQueued = false;
    if (this.state === 'closed') return;
    if (!this.#paused && (this.#halted || this.#inbox.isBusy || this.#held.length > 0)) this.#catchUp();
    this.#pump();
  }

  // PulseMember

  beat(now: number): void {
    const channel = this.#channel;
    if (channel === undefined) {
      this.#judgePatience(now);
      return;
    }
    if (this.#liveness.isSilent(channel.receivedBytes, this.#paused, now)) {
      this.#interrupt(`nothing came from the peer for ${this.#options.silenceMs} ms`);
      return;
    }
    const due = this.#liveness.isHeartbeatDue(now) || this.#inbox.delivered > this.#acknowledged;
    // Behind unsent data another heartbeat would tell the peer nothing, and pile up where it does not read.
    if (due && channel.bufferedBytes === 0) this.#acknowledge(channel);
  }

  #judgePatience(now: number): void {
    const first = this.state === 'connecting';
    const patienceMs = first ? this.#config.connectMs : this.#options.resumeMs;
    if (now - this.#waitingSince <= patienceMs) return;
    this.fail((first ? neverReached : lostForGood)(patienceMs, this.#lastCause));
  }

  #congest(): void {
    this.congested = true;
    const { maxBufferedBytes } = this.#options;
    if (this.#outbox.bufferedBytes > maxBufferedBytes) this.fail(tooMuchBuffered(this.remote, maxBufferedBytes));
  }

  /** Several envelopes of one callback tell of more to come in this turn, and wait for it. */
  readonly #flushLone = (): void => {
    if (!this.#turnQueued) this.#pump();
  };

  #queueTurn(): void {
    if (this.#turnQueued) return;
    this.#turnQueued = true;
    atEndOfTurn(this);
  }

  /** Delivers what a pause, or a handler that threw, left behind; then reads on. */
  #catchUp(): void {
    this.#deliver();
    while (this.#held.length > 0 && !this.#inbox.isBusy && !this.#paused) {
      const message = this.#held.shift();
      if (message !== undefined) this.#receive(message);
    }
    if (this.#paused || this.#held.length > 0 || this.#inbox.isBusy) return;
    this.#halted = false;
    this.#channel?.resume();
  }

  #receive(bytes: Buffer): void {
    switch (bytes[0]) {
      case wireKind.data:
        this.#receiveData(bytes);
        return;
      case wireKind.ack:
        if (bytes.length !== 9) this.#violation('an acknowledgement of the wrong length');
        else this.#acknowledgedByPeer(readSequence(bytes, 1));
        return;
      case wireKind.bye:
        this.#receiveBye(bytes);
        return;
      default:
        this.#violation(`a message of unknown kind ${bytes[0]}`);
    }
  }

  #receiveData(bytes: Buffer): void {
    const admission = this.#inbox.admit(bytes);
    if (!admission.ok) {
      this.#violation(admission.reason);
      return;
    }
    this.#acknowledgedByPeer(admission.acknowledged);
    if (this.isEnding) this.#inbox.discard();
    else this.#deliver();
  }

  /** Hands out the envelopes of the open message until it is empty or a handler pauses or ends the link. */
  #deliver(): void {
    const inbox = this.#inbox;
    try {
      while (inbox.isBusy && !this.#paused) {
        const envelope = inbox.next();
        if (envelope !== undefined) this.#handlers?.envelope(envelope);
      }
    } finally {
      // Only a handler that throws leaves a message open without a pause; what comes after its envelope is not lost.
      if (inbox.isBusy && !this.#paused) this.#queueTurn();
    }
    if (inbox.unacknowledgedBytes >= this.#ackBytes && this.#channel !== undefined) this.#acknowledge(this.#channel);
  }

  #acknowledge(channel: Channel): void {
    this.#noteAcknowledged();
    channel.send(encodeAck(this.#acknowledged));
  }

  /** Something is being sent that acknowledges all that was delivered. */
  #noteAcknowledged(): void {
    this.#acknowledged = this.#inbox.delivered;
    this.#inbox.noteAcknowledged();
    this.#liveness.noteSent();
  }

  #acknowledgedByPeer(sequence: number): void {
    if (sequence < 0 || !this.#outbox.acknowledge(sequence)) this.#violation('an acknowledgement of something that was never sent');
    else this.#relieve();
  }

  #relieve(): void {
    if (!this.congested || this.#outbox.bufferedBytes >= this.#options.lowWaterBytes) return;
    this.congested = false;
    if (!this.isEnding) this.#handlers?.drained?.();
  }

  /** Gives the channel as much as it takes; envelopes that must wait go on filling their batch. */
  #pump(): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    channel.cork();
    while (channel.bufferedBytes < transportLimits.channelWindowBytes) {
      const batch = this.#outbox.next(this.#inbox.delivered);
      if (batch === undefined) break;
      this.#noteAcknowledged();
      channel.send(batch);
    }
    if (this.#closing !== undefined && !this.#byeSent && this.#outbox.allSent) {
      this.#byeSent = true;
      channel.send(encodeBye(this.#closing.end));
    }
    channel.uncork();
  }

  #receiveBye(bytes: Buffer): void {
    const end = decodeBye(bytes);
    if (end === undefined) this.#violation('a malformed goodbye');
    else if (this.#closing !== undefined) this.fail(this.#closing.end, true);
    else this.fail(end, true);
  }

  #interrupt(cause: string): void {
    const channel = this.#channel;
    this.#channel = undefined;
    this.#release(channel, undefined);
    this.#held = [];
    this.#lastCause = cause;
    this.#waitingSince = pulse.now;
    this.state = 'interrupted';
    this.#handlers?.interrupted?.();
    if (this.state === 'interrupted') this.#config.owner.interrupted(this);
  }

  #release(channel: Channel | undefined, farewell: LinkEnd | undefined): void {
    if (channel === undefined) return;
    channel.events = deafEvents;
    if (farewell === undefined) {
      channel.destroy();
      return;
    }
    channel.resume();
    channel.send(encodeBye(farewell));
    channel.end();
  }

  #violation(reason: string): void {
    this.fail(brokeProtocol(this.remote, reason), true);
  }
}

/** A sender that waits for its low-water mark must not wait for an acknowledgement that is not due yet. */
const ackBytes = (options: LinkOptions): number => Math.min(transportLimits.ackBytes, options.lowWaterBytes);
