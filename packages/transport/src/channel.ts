/** The kinds of connection that a link can run over. */
export type TransportName = 'ws' | 'grpc' | 'memory';

/** Why a channel ended. */
export interface ChannelEnd {
  readonly reason: string;
  /** The peer broke the rules of the transport (a frame over the limit, bad framing): dialing again would not help. */
  readonly violation: boolean;
}

/** What a channel tells its user. Nothing is called from inside `send`, nor after `destroy`. */
export interface ChannelEvents {
  /** A dialed channel is connected. Not called for an accepted one, which is connected from the start. */
  opened(): void;
  /** One message, whole. The bytes are the receiver's to keep. */
  message(bytes: Buffer): void;
  /** `bufferedBytes` fell after it had held a sender up. */
  writable(): void;
  /** Called at most once. */
  closed(end: ChannelEnd): void;
}

/**
 * One connection that carries binary messages both ways, in order, as long as it lives. It promises nothing about messages in flight when
 * it ends; the link above makes up for that.
 */
export interface Channel {
  readonly transport: TransportName;
  /** The other end, for people. */
  readonly remote: string;
  /** Bytes taken by `send` that this process still holds. */
  readonly bufferedBytes: number;
  /** Bytes that have arrived, those of unfinished messages included: how one sees life, and how much a stranger has sent. */
  readonly receivedBytes: number;
  /** Whom to tell; replaced when the handshake hands the channel over to a link. */
  events: ChannelEvents;
  /** Queues one message without copying it: the caller leaves the bytes alone until the peer has confirmed them. */
  send(message: Buffer): void;
  /** What is sent between the two leaves in one write. */
  cork(): void;
  uncork(): void;
  /** Stops or resumes reading. Messages that were already read may still arrive after `pause`. */
  pause(): void;
  resume(): void;
  /** Sends what is queued and closes; what the peer still sends is thrown away. Takes at most `transportLimits.lingerMs`. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** For a channel whose end interests nobody any more. */
export const deafEvents: ChannelEvents = { opened() {}, message() {}, writable() {}, closed() {} };
