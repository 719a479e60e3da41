import type { Incarnation, Millis, PageId, RequestId, Right, Version } from '../ids.js';
import type { InvalidateItem, QueryItem, SupplyItem, TransferItem, VersionItem } from '../messages.js';

/** An acquire that has been sent and not yet ended. */
export interface Request {
  readonly id: RequestId;
  readonly right: Right;
  /** When the accesses that wait for it give up; the request itself goes on. */
  deadline: Millis;
  /** The grant, once it is here, with the ackers that are still awaited. `own`: the copy that is held here will do. */
  grant: { readonly version: Version; readonly own: boolean; readonly awaited: Set<Incarnation> } | undefined;
  /** Acks that came before the grant that names their senders. */
  readonly early: Set<Incarnation>;
  /** The version of the bytes that wait in the frame, once they are here. */
  staged: Version | undefined;
}

/** What this node may do with a page, and what it is waiting for. */
export type PageState =
  | { readonly kind: 'invalid' }
  | { readonly kind: 'readonly'; readonly version: Version }
  | { readonly kind: 'exclusive'; readonly version: Version }
  /** Asked for readonly, holds nothing. */
  | { readonly kind: 'waiting-read'; readonly request: Request }
  /** Asked for exclusive, holds nothing (or lost its readonly copy since). */
  | { readonly kind: 'waiting-write'; readonly request: Request }
  /** Asked for exclusive, holds a readonly copy that may be read meanwhile. */
  | { readonly kind: 'upgrading'; readonly request: Request; readonly version: Version }
  /** Gave the exclusive page up; unreadable here, but still the newest bytes until `released`. */
  | { readonly kind: 'releasing'; readonly version: Version; wanted: Wanted | undefined }
  /** The same for a readonly copy, or for an exclusive page that was downgraded meanwhile. */
  | { readonly kind: 'releasing-readonly'; readonly version: Version; wanted: Wanted | undefined }
  /** The page was taken away while its release was on its way. */
  | { readonly kind: 'releasing-nothing'; wanted: Wanted | undefined };
export type PageStateKind = PageState['kind'];
export const pageStateKinds = [
  'invalid',
  'readonly',
  'exclusive',
  'waiting-read',
  'waiting-write',
  'upgrading',
  'releasing',
  'releasing-readonly',
  'releasing-nothing',
] as const satisfies readonly PageStateKind[];

/** A fault that came while the page was being released; it is asked for again after `released`. */
export interface Wanted {
  readonly right: Right;
  readonly deadline: Millis;
}

/** What the home may command about one page. */
export type Command =
  | { readonly kind: 'supply'; readonly item: SupplyItem }
  | { readonly kind: 'downgrade'; readonly item: SupplyItem }
  | { readonly kind: 'transfer'; readonly item: TransferItem }
  | { readonly kind: 'invalidate'; readonly item: InvalidateItem }
  | { readonly kind: 'settled'; readonly item: VersionItem }
  | { readonly kind: 'query'; readonly item: QueryItem };

/** Everything an agent knows of one page. A page without a record is invalid. */
export interface PageRecord {
  readonly page: PageId;
  state: PageState;
  /** Version of the unreadable copy kept in the frame until `settled`. */
  kept: Version | undefined;
  readonlyPins: number;
  exclusivePins: number;
  /** Commands that wait for a pin to end, and those that came after them: per page, the home's order is kept. */
  deferred: Command[];
  /** Messages about this page that wait until an earlier exclusive grant is confirmed. */
  gated: number;
}

export const newRecord = (page: PageId): PageRecord => ({
  page,
  state: { kind: 'invalid' },
  kept: undefined,
  readonlyPins: 0,
  exclusivePins: 0,
  deferred: [],
  gated: 0,
});

/** True when the record says nothing that its absence would not say. */
export const isBlank = (record: PageRecord): boolean =>
  record.state.kind === 'invalid' && record.kept === undefined && record.deferred.length === 0 && record.gated === 0;

/** True when the page's frame holds bytes that are still needed. */
export function frameInUse(record: PageRecord): boolean {
  const { state } = record;
  switch (state.kind) {
    case 'readonly':
    case 'exclusive':
    case 'upgrading':
    case 'releasing':
    case 'releasing-readonly':
      return true;
    case 'waiting-read':
    case 'waiting-write':
      return state.request.staged !== undefined || record.kept !== undefined;
    case 'invalid':
    case 'releasing-nothing':
      return record.kept !== undefined;
  }
}
