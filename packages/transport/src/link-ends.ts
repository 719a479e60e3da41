import { PagewireError } from '@pagewire/protocol';
import type { LinkEnd } from './link.js';

/** The ways in which a link ends other than by `close`, in words. That a peer is `unreachable` is told without its url: who dialed has it. */

export const neverReached = (patienceMs: number, cause: string): LinkEnd => ({
  code: 'unreachable',
  reason: `no connection within ${patienceMs} ms: ${cause}. Check that the peer is running and that the address is right`,
});

export const lostForGood = (patienceMs: number, cause: string): LinkEnd => ({
  code: 'unreachable',
  reason: `the connection was lost and did not come back within ${patienceMs} ms: ${cause}`,
});

/** A connection could not even be started; starting it again would fail in the same way. */
export const cannotDial = (error: unknown): LinkEnd => ({
  code: error instanceof PagewireError ? error.code : 'unreachable',
  reason: `no connection could be started: ${error instanceof Error ? error.message : String(error)}`,
});

/** What an acceptor answers to a dialer whose link it does not have. */
export const unknownSession: LinkEnd = {
  code: 'unreachable',
  reason: 'this process does not know the link: it was restarted, ended the link, or the cut lasted too long to resume. Dial anew',
};

export const tooManyDormant = (limit: number): LinkEnd => ({
  code: 'unreachable',
  reason: `the link was interrupted, and this listener keeps only ${limit} interrupted links`,
});

export const brokeProtocol = (remote: string, what: string): LinkEnd => ({
  code: 'protocol-violation',
  reason: `${remote} broke the protocol: ${what}`,
});

/** Whether the peer reads too slowly or was given too much at once the sender can not tell. */
export const tooMuchBuffered = (remote: string, limit: number): LinkEnd => ({
  code: 'overloaded',
  reason: `more than ${limit} bytes were waiting for ${remote} to confirm them. Send less at a time, wait while the link is congested, or check that the peer reads`,
});

/** What an acceptor answers when `accept` has sent more than the link may buffer. */
export const overfilled: LinkEnd = {
  code: 'overloaded',
  reason: 'the listener had more to send on the new link than the link may buffer',
};
