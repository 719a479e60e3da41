import { invariant, unreachable } from '../errors.js';
import { type Incarnation, nextVersion, showPage, type Version } from '../ids.js';
import type { AcquireItem, DowngradedItem, GrantItem, ReleaseItem, RequestItem } from '../messages.js';
import { type Entry, type Queued, type SettledState, type Transaction, withMember, without } from './entry.js';
import type { HomeCore, HomeOutput } from './home-core.js';

/** Serves an acquire of an idle page. */
export function begin(core: HomeCore, entry: Entry, from: Incarnation, item: AcquireItem, out: HomeOutput): void {
  const { state } = entry;
  switch (state.kind) {
    case 'lost':
      return refuse(entry, from, item, 'page-lost', out);
    case 'exclusive':
      if (state.owner === from) return out.violation(from, entry.page, 'an acquire by the owner');
      return item.right === 'readonly'
        ? readFromOwner(core, entry, from, state.owner, item, out)
        : takeFromOwner(core, entry, from, state.owner, item, out);
    case 'unheld':
      return item.right === 'readonly' ? read(core, entry, from, [], item, out) : write(core, entry, from, [], item, out);
    case 'shared':
      if (!hasSource(entry, state.sharers, from, item)) {
        return out.violation(from, entry.page, 'an acquire without the copy that is on record as the only one');
      }
      return item.right === 'readonly'
        ? read(core, entry, from, state.sharers, item, out)
        : write(core, entry, from, state.sharers, item, out);
    case 'busy':
      return invariant(false, `page ${showPage(entry.page)} begins a transaction while busy`);
    default:
      return unreachable(state);
  }
}

/** True when somebody has bytes for the requester: the home, another sharer, or the requester itself. */
function hasSource(entry: Entry, sharers: readonly Incarnation[], from: Incarnation, item: AcquireItem): boolean {
  const own = item.right === 'exclusive' && item.held === entry.floor && sharers.includes(from);
  return entry.bytes !== undefined || own || without(sharers, from).length > 0;
}

export function refuse(
  entry: Entry,
  to: Incarnation,
  item: RequestItem,
  code: 'page-lost' | 'timeout' | 'overloaded' | 'no-such-region' | 'out-of-range',
  out: HomeOutput,
): void {
  out.send(to, 'refused', { page: entry.page, id: item.id, code });
}

function start(
  core: HomeCore,
  entry: Entry,
  from: Incarnation,
  item: AcquireItem,
  given: Pick<Transaction, 'version' | 'sharers'> & Partial<Transaction>,
): void {
  core.setState(entry, {
    kind: 'busy',
    transaction: {
      requester: from,
      id: item.id,
      right: item.right,
      owner: undefined,
      source: undefined,
      keepers: [],
      acquired: false,
      awaitingDowngraded: false,
      repair: undefined,
      ...given,
    },
  });
}

function grant(core: HomeCore, entry: Entry, to: Incarnation, item: Omit<GrantItem, 'page'>, out: HomeOutput): void {
  out.send(to, 'grant', { page: entry.page, ...item }, core.weight(entry.page, item.content));
}

/** Two hops where the home has the bytes; else a sharer supplies them. */
function read(core: HomeCore, entry: Entry, from: Incarnation, sharers: readonly Incarnation[], item: AcquireItem, out: HomeOutput): void {
  const { page, floor, bytes } = entry;
  const common = { id: item.id, right: item.right, version: floor, ackers: [] } as const;
  const supplier = sharers.find((sharer) => sharer !== from);
  if (bytes !== undefined) {
    start(core, entry, from, item, { version: floor, sharers });
    grant(core, entry, from, { ...common, source: 'content', content: bytes }, out);
    return;
  }
  invariant(supplier !== undefined, `page ${showPage(page)} is shared, but nobody has its bytes`);
  start(core, entry, from, item, { version: floor, sharers, source: supplier });
  out.send(supplier, 'supply', { page, id: item.id, to: from, version: floor });
  grant(core, entry, from, { ...common, source: 'peer' }, out);
}

function readFromOwner(core: HomeCore, entry: Entry, from: Incarnation, owner: Incarnation, item: AcquireItem, out: HomeOutput): void {
  const { page, floor } = entry;
  start(core, entry, from, item, { version: floor, sharers: [], owner, source: owner, awaitingDowngraded: true });
  out.send(owner, 'downgrade', { page, id: item.id, to: from, version: floor });
  grant(core, entry, from, { id: item.id, right: 'readonly', version: floor, source: 'peer', ackers: [] }, out);
}

function raise(entry: Entry): Version {
  entry.issued = nextVersion(entry.issued);
  return entry.issued;
}

function takeFromOwner(core: HomeCore, entry: Entry, from: Incarnation, owner: Incarnation, item: AcquireItem, out: HomeOutput): void {
  const { page, floor } = entry;
  const version = raise(entry);
  start(core, entry, from, item, { version, sharers: [], owner, source: owner, keepers: [owner] });
  out.send(owner, 'transfer', { page, id: item.id, to: from, version: floor, keep: true });
  grant(core, entry, from, { id: item.id, right: 'exclusive', version, source: 'peer', ackers: [] }, out);
}

/** Bytes from the home, from the requester's own copy where it is on record and current, or from one sharer; the other sharers give up. */
function write(core: HomeCore, entry: Entry, from: Incarnation, sharers: readonly Incarnation[], item: AcquireItem, out: HomeOutput): void {
  const { page, floor, bytes } = entry;
  const { id } = item;
  const own = sharers.includes(from) && item.held === floor;
  const others = without(sharers, from);
  const source = own || bytes !== undefined ? undefined : others[0];
  invariant(own || bytes !== undefined || source !== undefined, `page ${showPage(page)} is held, but nobody has its bytes`);
  const ackers = source === undefined ? others : without(others, source);
  const keep = bytes === undefined;
  const version = raise(entry);
  start(core, entry, from, item, { version, sharers, source, keepers: keep ? others : [] });
  if (source !== undefined) out.send(source, 'transfer', { page, id, to: from, version: floor, keep });
  for (const acker of ackers) out.send(acker, 'invalidate', { page, id, to: from, keep });
  const content = own || source !== undefined ? undefined : bytes;
  grant(
    core,
    entry,
    from,
    { id, right: 'exclusive', version, source: own ? 'own' : source === undefined ? 'content' : 'peer', ackers, content },
    out,
  );
}

/** The requester has installed what it was granted. */
export function acquired(core: HomeCore, entry: Entry, from: Incarnation, item: RequestItem, out: HomeOutput): void {
  const { state } = entry;
  if (state.kind !== 'busy' || state.transaction.requester !== from || state.transaction.id !== item.id) {
    return out.violation(from, entry.page, `acquired of a request that is not being served`);
  }
  if (state.transaction.acquired) return out.violation(from, entry.page, 'acquired said twice');
  const { transaction } = state;
  transaction.acquired = true;
  if (transaction.right === 'exclusive') commitExclusive(core, entry, transaction, out);
  else finishRead(core, entry, transaction, out);
}

/** Everyone living has given its copy up: the requester's version is now the page's (rules 6, 7 and 10). */
function commitExclusive(core: HomeCore, entry: Entry, transaction: Transaction, out: HomeOutput): void {
  entry.floor = transaction.version;
  core.dropBytes(entry);
  settle(entry, transaction, [transaction.requester, ...transaction.keepers], out);
  becomeIdle(core, entry, { kind: 'exclusive', owner: transaction.requester }, out);
}

export function settle(entry: Entry, transaction: Transaction, members: readonly Incarnation[], out: HomeOutput): void {
  for (const member of new Set(members)) out.send(member, 'settled', { page: entry.page, version: transaction.version });
}

function finishRead(core: HomeCore, entry: Entry, transaction: Transaction, out: HomeOutput): void {
  if (!transaction.acquired || transaction.awaitingDowngraded || transaction.repair !== undefined) return;
  becomeIdle(core, entry, { kind: 'shared', sharers: withMember(transaction.sharers, transaction.requester) }, out);
}

/** The owner is readonly now, and the home has its bytes. */
export function downgraded(core: HomeCore, entry: Entry, from: Incarnation, item: DowngradedItem, out: HomeOutput): void {
  const { state } = entry;
  if (state.kind !== 'busy' || state.transaction.owner !== from || !state.transaction.awaitingDowngraded || item.version !== entry.floor) {
    return out.violation(from, entry.page, 'downgraded that nobody asked for');
  }
  const { transaction } = state;
  if (entry.bytes === undefined) core.store(entry, item.content);
  transaction.awaitingDowngraded = false;
  transaction.owner = undefined;
  transaction.sharers = withMember(transaction.sharers, from);
  finishRead(core, entry, transaction, out);
}

/** A release waits its turn, but its bytes count at once if they are the committed ones (rule 5). */
export function release(core: HomeCore, entry: Entry, from: Incarnation, item: ReleaseItem, out: HomeOutput): void {
  const { page, version } = item;
  if (entry.state.kind === 'busy') {
    if (entry.queue?.some((queued) => queued.kind === 'release' && queued.from === from)) {
      return out.violation(from, page, 'a second release while the first one waits');
    }
    if (entry.bytes === undefined && item.content !== undefined && version === entry.floor) core.store(entry, item.content);
    enqueue(entry, { kind: 'release', from, item: { page, version } });
  } else {
    strikeOff(core, entry, from, item, out);
  }
}

function strikeOff(core: HomeCore, entry: Entry, from: Incarnation, item: ReleaseItem, out: HomeOutput): void {
  const { state, page } = entry;
  if (state.kind === 'exclusive' && state.owner === from) {
    if (item.version !== entry.floor) return out.violation(from, page, `a release of version ${item.version}, not ${entry.floor},`);
    if (entry.bytes === undefined && item.content === undefined) return out.violation(from, page, 'a release without bytes by the owner');
    if (entry.bytes === undefined && item.content !== undefined) core.store(entry, item.content);
    core.setState(entry, { kind: 'unheld' });
  } else if (state.kind === 'shared' && state.sharers.includes(from)) {
    if (entry.bytes === undefined && item.content !== undefined && item.version === entry.floor) core.store(entry, item.content);
    const left = without(state.sharers, from);
    if (entry.bytes === undefined && left.length === 0) return out.violation(from, page, 'a release without bytes by the last sharer');
    core.setState(entry, afterLoss(entry, left));
  }
  // Not on record: the page was taken away while the release was on its way. It is out either way.
  out.send(from, 'released', { page, version: item.version });
}

/** What a page without an exclusive holder is, given who still shares it. */
export function afterLoss(entry: Entry, sharers: readonly Incarnation[]): SettledState {
  if (sharers.length > 0) return { kind: 'shared', sharers };
  return entry.bytes === undefined ? { kind: 'lost' } : { kind: 'unheld' };
}

export function enqueue(entry: Entry, queued: Queued): void {
  if (entry.queue === undefined) entry.queue = [queued];
  else entry.queue.push(queued);
}

/** Ends the page's transaction and serves what waited, in order, until the page is busy again. */
export function becomeIdle(core: HomeCore, entry: Entry, state: SettledState, out: HomeOutput): void {
  core.setState(entry, state);
  if (state.kind === 'lost') out.tell({ kind: 'lost', page: entry.page });
  const { queue } = entry;
  if (queue !== undefined) {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (next.kind === 'acquire') begin(core, entry, next.from, next.item, out);
      else strikeOff(core, entry, next.from, next.item, out);
      if (isBusy(entry)) break;
    }
    if (queue.length === 0) entry.queue = undefined;
  }
  core.tidy(entry);
}

/** A call, because the compiler keeps believing what it knew of `entry.state` before `begin`. */
export const isBusy = (entry: Entry): boolean => entry.state.kind === 'busy';
