import type { Member, Millis } from '@pagewire/protocol';
import type { LinkId, MemberStatus } from './membership-io.js';

/**
 * A member from its join until it is lost. `live` renews; `expelled` has been told to give up, renews no more, and only waits for its lease
 * to run out, for it may be computing on its pages until then.
 */
export interface Seat extends Member {
  state: 'live' | 'expelled';
  /** Absent once the link is over, or serves a later life of the node. */
  link: LinkId | undefined;
  leaseEndsAt: Millis;
}

export const asMember = ({ incarnation, name, urls }: Member): Member => ({ incarnation, name, urls });

export const seatStatus = (seat: Seat, now: Millis): MemberStatus => ({
  ...asMember(seat),
  state: seat.state,
  leaseRemainingMs: Math.max(0, seat.leaseEndsAt - now),
});
