import type { Incarnation, Millis, PageId, RequestId, Right, Version } from '../ids.js';
import type { AcquireItem, ReportItem, VersionItem } from '../messages.js';

/** Bytes that the home itself holds. */
export type Stored = Uint8Array | 'zero';

/** What the home knows of a page that no transaction is changing. */
export type SettledState =
  | { readonly kind: 'unheld' }
  | { readonly kind: 'shared'; readonly sharers: readonly Incarnation[] }
  | { readonly kind: 'exclusive'; readonly owner: Incarnation }
  /** The only copy died with its holder. */
  | { readonly kind: 'lost' };

export type HomeState = SettledState | { readonly kind: 'busy'; readonly transaction: Transaction };
export type HomeStateKind = HomeState['kind'];
export const homeStateKinds = ['unheld', 'shared', 'exclusive', 'busy', 'lost'] as const satisfies readonly HomeStateKind[];

/** One request being served: from its grant until `acquired` (and, for a read of an exclusive page, until `downgraded`). */
export interface Transaction {
  readonly requester: Incarnation;
  readonly id: RequestId;
  readonly right: Right;
  /** The version that the requester gets. */
  readonly version: Version;
  /** Readonly holders on record; they stay so until `acquired` (rule 2). */
  sharers: readonly Incarnation[];
  /** The exclusive holder when the transaction began. */
  owner: Incarnation | undefined;
  /** The agent that sends the bytes; undefined where they come from the home or are the requester's own. */
  source: Incarnation | undefined;
  /** Nodes told to keep an unreadable copy until `settled` (rule 3). */
  keepers: readonly Incarnation[];
  acquired: boolean;
  /** A read of an exclusive page is done only when the owner has sent its bytes here (rule 9). */
  awaitingDowngraded: boolean;
  repair: Repair | undefined;
}

/** A death in the middle of a transaction: what the living hold decides how it ends (rule 1). */
export interface Repair {
  readonly round: number;
  readonly awaiting: Set<Incarnation>;
  readonly reports: Map<Incarnation, ReportItem>;
}

/** What came while the page was busy, in order of arrival. */
export type Queued =
  | { readonly kind: 'acquire'; readonly from: Incarnation; readonly item: AcquireItem; readonly since: Millis }
  /** Without its bytes: those that count were taken when it came (rule 5). */
  | { readonly kind: 'release'; readonly from: Incarnation; readonly item: VersionItem };

/** The directory's record of one page. A page that nobody has touched has none. */
export interface Entry {
  readonly page: PageId;
  state: HomeState;
  /** The committed version: nothing below it is ever reinstated (rule 6). */
  floor: Version;
  /** The highest version ever issued; aborted ones are never issued again (rule 10). */
  issued: Version;
  /** The bytes at `floor`, wherever the page is not exclusive (rule 9), unless memory was short. */
  bytes: Stored | undefined;
  queue: Queued[] | undefined;
}

export const without = (members: readonly Incarnation[], gone: Incarnation): readonly Incarnation[] =>
  members.includes(gone) ? members.filter((member) => member !== gone) : members;

export const withMember = (members: readonly Incarnation[], added: Incarnation): readonly Incarnation[] =>
  members.includes(added) ? members : members.concat(added);
