import { limits, PagewireError, showValue } from '@pagewire/protocol';
import type { LinkOptions } from './link.js';

/** The value of every link option that is not given. Both ends of a link should agree on the three `max…Bytes`. */
export const linkDefaults: LinkOptions = {
  maxBufferedBytes: 16 * 1024 * 1024,
  highWaterBytes: 1024 * 1024,
  lowWaterBytes: 256 * 1024,
  maxEnvelopeBytes: limits.maxEnvelopeBytes,
  maxBatchBytes: 64 * 1024,
  heartbeatMs: 500,
  silenceMs: 2000,
  handshakeMs: 2000,
  resumeMs: 10_000,
  redialMinMs: 20,
  redialMaxMs: 500,
  connectMs: 0,
  closeTimeoutMs: 1000,
};

/** Limits of the transport that are not a matter of configuration. */
export const transportLimits = {
  maxAttributes: 16,
  maxAttributesBytes: 2048,
  /**
   * Bytes that a connection may send before its handshake is complete. Looked at with each beat of the pulse (25 ms); what it can make this
   * process hold until then is one unfinished message, which every transport cuts off at the largest size of a message.
   */
  maxHandshakeBytes: 16 * 1024,
  /** The reason in a refusal or goodbye; a longer one is cut. */
  maxReasonBytes: 1024,
  /** Connections of one listener, handshaken or not. */
  maxConnections: 1024,
  /** Interrupted links that one listener keeps for resumption; the oldest ends when there are more. */
  maxDormantLinks: 256,
  /** Delivered bytes after which an acknowledgement is sent even when nothing else goes that way. */
  ackBytes: 256 * 1024,
  /** Bytes that a link hands to its connection before it waits for the connection to take them. */
  channelWindowBytes: 1024 * 1024,
  /** How long a connection that is being ended may take to send its last bytes. */
  lingerMs: 1000,
} as const;

/** What timers can count, in milliseconds: above it they go off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const whole = (name: string, value: unknown, min: number): void => {
  const max = name.endsWith('Ms') ? LONGEST_TIMER_MS : Number.MAX_SAFE_INTEGER;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new PagewireError(
    'bad-argument',
    `link option ${name} is ${showValue(value)}; give a whole number of at least ${min} and at most ${max}`,
  );
};

/**
 * Fills in what is not given from `base` and checks every field.
 * @throws PagewireError `bad-argument`, naming the field
 */
export function resolveLinkOptions(given: Partial<LinkOptions> = {}, base: LinkOptions = linkDefaults): LinkOptions {
  if (typeof given !== 'object' || given === null) {
    throw new PagewireError('bad-argument', `the options of a link are an object, not ${showValue(given)}`);
  }
  const options: LinkOptions = { ...base, ...given };
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(linkDefaults, name)) {
      throw new PagewireError('bad-argument', `there is no link option ${name}; there are ${Object.keys(linkDefaults).join(', ')}`);
    }
  }
  for (const [name, value] of Object.entries(options)) whole(name, value, name === 'connectMs' ? 0 : 1);
  if (options.lowWaterBytes > options.highWaterBytes || options.highWaterBytes > options.maxBufferedBytes) {
    throw new PagewireError('bad-argument', 'link options must satisfy lowWaterBytes <= highWaterBytes <= maxBufferedBytes');
  }
  if (options.silenceMs < 2 * options.heartbeatMs) {
    throw new PagewireError('bad-argument', 'link option silenceMs must be at least twice heartbeatMs, or a healthy peer looks dead');
  }
  if (options.redialMinMs > options.redialMaxMs) {
    throw new PagewireError('bad-argument', 'link options must satisfy redialMinMs <= redialMaxMs');
  }
  return options;
}

/** What a port does for all of its connections, before it is known whose they are. */
const ofThePort = ['maxEnvelopeBytes', 'maxBatchBytes', 'handshakeMs'] as const;

/**
 * The options of one accepted link: those of its listener, but for what its acceptance gave.
 * @throws PagewireError `bad-argument`, naming the field
 */
export function resolveAcceptedOptions(given: Partial<LinkOptions> | undefined, listener: LinkOptions): LinkOptions {
  if (given === undefined) return listener;
  const options = resolveLinkOptions(given, listener);
  for (const name of ofThePort) {
    if (options[name] !== listener[name]) {
      throw new PagewireError(
        'bad-argument',
        `link option ${name} is ${listener[name]} for a whole listener; one link cannot have ${options[name]}`,
      );
    }
  }
  return options;
}
