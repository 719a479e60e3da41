import type { ErrorCode } from '@pagewire/protocol';

/** What a peer says of itself in the handshake. Opaque to the transport; small: at most 16 entries, 2 KiB encoded. */
export type Attributes = Readonly<Record<string, string | number>>;

/** Why a link ended. `code` is `closed` for an orderly end by either side. */
export interface LinkEnd {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** What the owner of a link is told. All calls come from the event loop, never from inside `send` or `dial`. */
export interface LinkHandlers {
  /** One envelope, in the order it was sent, exactly once. The bytes are valid only during the call. */
  envelope(bytes: Uint8Array): void;
  /** The connection under the link is up, for the first time (`resumed` false) or again after an interruption. */
  opened?(resumed: boolean): void;
  /** The connection under the link broke; envelopes are kept and will be sent when it is back. */
  interrupted?(): void;
  /** Buffered bytes fell below the low-water mark after `congested` was true. */
  drained?(): void;
  /** The link is over: envelopes in flight may or may not have arrived. Called once. */
  closed(end: LinkEnd): void;
}

/**
 * An ordered, reliable stream of envelopes between two processes. It outlives the connections under it: after a cut the dialer connects
 * again and both sides go on where they were, as long as both processes live and the cut lasts less than `resumeMs`.
 */
export interface Link {
  /** What the peer said in the handshake; empty on the dialing side until `opened`. */
  readonly peer: Attributes;
  /** The transport under the link: `ws`, `grpc` or `memory`. */
  readonly transport: string;
  readonly state: 'connecting' | 'open' | 'interrupted' | 'closed';
  /** Bytes accepted by `send` that the peer has not acknowledged. */
  readonly bufferedBytes: number;
  /** True from the high-water mark until `drained`: stop producing if you can. */
  readonly congested: boolean;
  /**
   * Queues one envelope, given in parts; all envelopes of one turn of the event loop leave in one write. Only a lone envelope, to a peer
   * that has confirmed everything before it, leaves as soon as the callback that sent it is done. The parts are copied before `send` returns. After `close` or the end it does nothing. Past the hard cap on buffered bytes the link ends with `overloaded`.
   * @throws PagewireError `bad-argument` when the envelope is longer than `maxEnvelopeBytes`; the link goes on without it
   */
  send(parts: readonly Uint8Array[]): void;
  /**
   * Stops or resumes delivery to `envelope`. Nothing is read from the connection meanwhile, so the peer's sending backs up, and so do the
   * acknowledgements of what this side sends: never wait with `resume` for `drained` or for `bufferedBytes` to fall. Acknowledgements come
   * the same way as requests, so a link paused because its own sending is congested stays congested for good. Hold requests back in a
   * queue of your own instead, or refuse them.
   */
  pause(): void;
  resume(): void;
  /**
   * Sends what is queued, says goodbye and ends; resolves when the peer has answered it or `closeTimeoutMs` is over. Envelopes that arrive
   * after the call are thrown away. Both sides are told `closed` with the reason.
   */
  close(reason?: string): Promise<void>;
  /** Ends at once without a goodbye, as a crash would: the peer finds out when it cannot resume. */
  destroy(end?: LinkEnd): void;
}

/** Limits and times of a link; every field has a default in `linkDefaults`. */
export interface LinkOptions {
  /** Hard cap on bytes buffered for a peer (sent but unacknowledged, and unsent): past it the link ends with `overloaded`. */
  readonly maxBufferedBytes: number;
  readonly highWaterBytes: number;
  readonly lowWaterBytes: number;
  /** Largest envelope accepted or sent. */
  readonly maxEnvelopeBytes: number;
  /**
   * Largest message. Envelopes of one turn beyond it fill several messages, which still leave in one write. Larger messages are slower:
   * a receiver can use one in place only while it fits into a single read of the socket.
   */
  readonly maxBatchBytes: number;
  /** A heartbeat is sent when nothing else was for this long. */
  readonly heartbeatMs: number;
  /** A connection that brought nothing for this long is half-open: it is dropped and dialed again. At least twice `heartbeatMs`. */
  readonly silenceMs: number;
  /** A connection must finish the handshake within this time. */
  readonly handshakeMs: number;
  /** How long both sides keep a cut link for resumption. */
  readonly resumeMs: number;
  /** Wait between attempts to connect: grows from min to max. */
  readonly redialMinMs: number;
  readonly redialMaxMs: number;
  /** How long a dialer tries before its first connection. 0: as long as `resumeMs`. */
  readonly connectMs: number;
  readonly closeTimeoutMs: number;
}

/** What a listener answers to a handshake. */
export type Acceptance = AcceptedLink | { readonly refuse: LinkEnd };

export interface AcceptedLink {
  readonly handlers: LinkHandlers;
  readonly attributes: Attributes;
  /**
   * Options of this one link, in place of the listener's. `maxEnvelopeBytes`, `maxBatchBytes` and `handshakeMs` belong to the port and
   * must stay as they are; options that cannot be are answered to the dialer as `bad-argument`.
   */
  readonly link?: Partial<LinkOptions>;
}

export interface ListenOptions {
  /** `127.0.0.1`, `::1` or `localhost` unless `insecure`. */
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Allow listening beyond loopback: there is no authentication and no encryption. */
  readonly insecure?: boolean;
  /** Largest number of connections, handshaken or not. */
  readonly maxConnections?: number;
  /** Largest number of interrupted links kept for resumption; past it the oldest ends with `unreachable`. */
  readonly maxDormantLinks?: number;
  /** Decides on each new link; `link` is not open yet. */
  accept(peer: Attributes, link: Link): Acceptance;
  /** A connection was turned away before it became a link: another version, garbage, silence, or refused by `accept`. For logs. */
  refused?(end: LinkEnd, remote: string): void;
  readonly link?: Partial<LinkOptions>;
}

/** One listener serves WebSocket and gRPC on one port. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** `url('ws')` is `ws://host:port`. */
  url(transport: 'ws' | 'grpc'): string;
  /** Stops listening and ends every link that was accepted. */
  close(): Promise<void>;
}

export interface DialOptions {
  /** `ws://host:port`, `grpc://host:port` or `memory://name`. */
  readonly url: string;
  readonly attributes: Attributes;
  readonly handlers: LinkHandlers;
  readonly link?: Partial<LinkOptions>;
}
