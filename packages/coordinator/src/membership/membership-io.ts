import type { ErrorCode, Incarnation, Member, MembershipMessage, NodeLost } from '@pagewire/protocol';

declare const linkBrand: unique symbol;
/** Names one link that the coordinator has accepted. Issued by the driver, never reused. */
export type LinkId = number & { readonly [linkBrand]: true };
/** The only place where a number becomes a link id. */
export const linkId = (n: number): LinkId => n as LinkId;

/** What membership can be told. */
export type MembershipInput =
  /** The node behind `link` asks to be let in. `previous` is the life it has ended itself, if any. */
  | {
      readonly kind: 'join';
      readonly link: LinkId;
      readonly name: string;
      readonly urls: readonly string[];
      readonly previous?: Incarnation | undefined;
    }
  | { readonly kind: 'renew'; readonly link: LinkId; readonly sentAt: number }
  | { readonly kind: 'leave'; readonly link: LinkId }
  /** The link between the node behind `link` and `member` has ended, or could not be made. */
  | { readonly kind: 'suspect'; readonly link: LinkId; readonly member: Incarnation }
  /** The coordinator will not have this member any longer. */
  | { readonly kind: 'expel'; readonly member: Incarnation; readonly reason: string }
  /** The link is over. That alone ends no lease: the node may go on until its lease has run out. */
  | { readonly kind: 'link-lost'; readonly link: LinkId }
  /** Time passed: judge the leases. Due every `tickEveryMs`. */
  | { readonly kind: 'tick' };

/** Why a member is one no longer. */
export type Loss = 'left' | 'lease-ended' | 'rejoined';

/** What membership wants done, in this order. */
export type MembershipEffect =
  | { readonly kind: 'send'; readonly to: readonly LinkId[]; readonly message: MembershipMessage | NodeLost }
  /** From here on the home listens to this member. */
  | { readonly kind: 'admitted'; readonly member: Member; readonly link: LinkId }
  /** This member holds nothing any more and nothing it sent counts. Every other live member has been sent `node-lost` before. */
  | { readonly kind: 'lost'; readonly member: Member; readonly loss: Loss }
  /** For the log: the link between these two has ended. One of them goes if both turn out to be alive. */
  | { readonly kind: 'suspected'; readonly member: Member; readonly by: Member }
  /** For the log: the member was told to give up, and is lost when its lease has run out. */
  | { readonly kind: 'expelled'; readonly member: Member; readonly reason: string }
  /** The join of this link ends without a membership. */
  | { readonly kind: 'refused'; readonly link: LinkId; readonly code: ErrorCode; readonly reason: string }
  /** An input had no effect, and that is right. */
  | { readonly kind: 'ignored'; readonly what: string; readonly why: string };

/** A member as `status` shows it. */
export interface MemberStatus extends Member {
  readonly state: 'live' | 'expelled';
  /** Milliseconds until the lease ends; 0 when it has and was not judged yet. */
  readonly leaseRemainingMs: number;
}

/** Times of the leases, in milliseconds on the coordinator's monotonic clock, and where the numbers start. */
export interface MembershipOptions {
  /** A member whose renewals stop is lost this long after the last one arrived. */
  readonly leaseMs: number;
  /** How often members are told to renew. */
  readonly renewEveryMs: number;
  /** How often the driver ticks. A tick that is later than twice this was held up, and its leases are not judged by it. */
  readonly tickEveryMs: number;
  readonly maxMembers: number;
  /** Names this life of the coordinator. */
  readonly cluster: string;
  /** The first incarnation and epoch to issue: above all that an earlier life of the coordinator issued. */
  readonly firstNumber: number;
}
