import { limits, PagewireError, showValue } from '@pagewire/protocol';
import type { LinkOptions } from '@pagewire/transport';

/** How to connect. Every field has a default in {@link clientDefaults}. */
export interface ConnectOptions {
  /** How long `connect` tries before it fails with `unreachable`. */
  readonly connectTimeoutMs?: number;
  /** Every operation ends within this time of its call: in its result or in a typed error. */
  readonly operationTimeoutMs?: number;
  /** Operations sent and not yet answered; further ones wait in order. At most `limits.maxOperationsPerClient`. */
  readonly maxInFlight?: number;
  /** Overrides for the link under the client. */
  readonly link?: Partial<LinkOptions>;
}

/** Defaults and limits of a client. */
export const clientDefaults = {
  connectTimeoutMs: 5000,
  operationTimeoutMs: 10_000,
  maxInFlight: 1024,
  /** How long a link that was cut may take to resume. What was under way when it cannot is told its fate then, not at its deadline. */
  resumeMs: 3000,
  /** Bytes that operations sent and not yet answered, and their answers, may carry together; less than a node grants to one client. */
  maxInFlightBytes: 8 * 1024 * 1024,
  /** Operations that may wait to be sent; more are refused with `overloaded`. */
  maxWaiting: 65_536,
  /** Bytes that writes under way and waiting may carry together; further writes are refused with `overloaded`. */
  maxWriteBytes: 256 * 1024 * 1024,
  /** Pieces of one long read or write that are under way together. */
  piecesAtOnce: 16,
  /** The wait before a new link after one ended: doubles from min to max, and starts over once the new link has brought an answer. */
  reconnectMinMs: 50,
  reconnectMaxMs: 2000,
  /** The wait before the node is asked again for a region that it could not open on a new link. */
  confirmEveryMs: 200,
} as const;

/** Options with every default filled in. */
export interface Settings {
  readonly connectTimeoutMs: number;
  readonly operationTimeoutMs: number;
  readonly maxInFlight: number;
  readonly link: Partial<LinkOptions>;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

function within(name: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new PagewireError('bad-argument', `${name} ${showValue(value)}: use an integer from 1 to ${max}`);
  }
  return value;
}

/** Fills in the defaults; throws `bad-argument` for a value that cannot work. */
export function settle(options: ConnectOptions): Settings {
  if (typeof options !== 'object' || options === null) {
    throw new PagewireError('bad-argument', `connect takes its options as an object, not as ${showValue(options)}`);
  }
  return {
    connectTimeoutMs: within('connectTimeoutMs', options.connectTimeoutMs ?? clientDefaults.connectTimeoutMs, MAX_TIMER_MS),
    operationTimeoutMs: within('operationTimeoutMs', options.operationTimeoutMs ?? clientDefaults.operationTimeoutMs, MAX_TIMER_MS),
    maxInFlight: within('maxInFlight', options.maxInFlight ?? clientDefaults.maxInFlight, limits.maxOperationsPerClient),
    link: { resumeMs: clientDefaults.resumeMs, ...options.link },
  };
}
