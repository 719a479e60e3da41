import type { LinkEnd } from './link.js';

/** The ways in which a link ends other than by `close`, in words. */

export const neverReached = (remote: string, patienceMs: number, cause: string): LinkEnd => ({
  code: 'unreachable',
  reason: `${remote} could not be reached within ${patienceMs} ms: ${cause}. Check that it is running and that the address is right`,
});

export const lostForGood = (remote: string, patienceMs: number, cause: string): LinkEnd => ({
  code: 'unreachable',
  reason: `the connection to ${remote} was lost and did not come back within ${patienceMs} ms: ${cause}`,
});

/** What an acceptor answers to a dialer whose link it does not have. */
export const unknownSession: LinkEnd = {
  code: 'unreachable',
  reason: 'this process does not know the link: it was restarted, ended the link, or the cut lasted too long to resume. Dial anew',
};

export const tooManyDormant = (remote: string, limit: number): LinkEnd => ({
  code: 'unreachable',
  reason: `the link to ${remote} was interrupted, and this listener keeps only ${limit} interrupted links`,
});

export const brokeProtocol = (remote: string, what: string): LinkEnd => ({
  code: 'protocol-violation',
  reason: `${remote} broke the protocol: ${what}`,
});

export const leftUnread = (remote: string, limit: number): LinkEnd => ({
  code: 'overloaded',
  reason: `${remote} left more than ${limit} bytes unread: it has stopped or is too slow. Send less, or wait while the link is congested`,
});
