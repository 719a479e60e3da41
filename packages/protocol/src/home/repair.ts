import type { Incarnation } from '../ids.js';
import type { ReportItem } from '../messages.js';
import { type Entry, type Repair, type Transaction, without } from './entry.js';
import type { HomeCore, HomeOutput } from './home-core.js';
import { afterLoss, becomeIdle, settle } from './transactions.js';

/** A member of a busy page has died. Only a mere acker can be struck off; any other death is repaired by asking the living. */
export function memberLost(core: HomeCore, entry: Entry, transaction: Transaction, dead: Incarnation, out: HomeOutput): void {
  const { requester, owner, source, sharers, keepers, repair } = transaction;
  const involved = requester === dead || owner === dead || source === dead || sharers.includes(dead) || keepers.includes(dead);
  if (!involved) return;
  transaction.sharers = without(sharers, dead);
  transaction.keepers = without(keepers, dead);
  if (owner === dead) {
    transaction.owner = undefined;
    transaction.awaitingDowngraded = false;
  }
  if (requester === dead || owner === dead || source === dead || repair !== undefined) ask(core, entry, transaction, out);
}

/** Rule 1: links are first-in first-out, so a report also proves that every earlier command was carried out. */
function ask(core: HomeCore, entry: Entry, transaction: Transaction, out: HomeOutput): void {
  const { requester, owner, sharers, keepers } = transaction;
  const everyone = new Set([...sharers, ...keepers, requester, ...(owner === undefined ? [] : [owner])]);
  const round = core.nextRound();
  const repair: Repair = { round, awaiting: new Set(), reports: new Map() };
  for (const member of everyone) {
    if (!core.members.has(member)) continue;
    repair.awaiting.add(member);
    out.send(member, 'query', { page: entry.page, round });
  }
  transaction.repair = repair;
  if (repair.awaiting.size === 0) resolve(core, entry, transaction, repair, out);
}

/** One answer to a query. Answers of an earlier round are old news. */
export function reported(core: HomeCore, entry: Entry, from: Incarnation, item: ReportItem, out: HomeOutput): void {
  const repair = entry.state.kind === 'busy' ? entry.state.transaction.repair : undefined;
  if (entry.state.kind !== 'busy' || repair?.round !== item.round) return out.ignored('report', 'its round is over', entry.page);
  if (!repair.awaiting.delete(from)) return out.violation(from, entry.page, 'a report that nobody asked for');
  // The bytes are taken now: what a message carries does not outlive the step.
  if (entry.bytes === undefined && item.content !== undefined && item.version === entry.floor) core.store(entry, item.content);
  repair.reports.set(from, { ...item, content: undefined });
  if (repair.awaiting.size === 0) resolve(core, entry, entry.state.transaction, repair, out);
}

/** Everyone living has answered. `entry.bytes` holds the bytes at the committed version if anybody had them. */
function resolve(core: HomeCore, entry: Entry, transaction: Transaction, repair: Repair, out: HomeOutput): void {
  transaction.repair = undefined;
  const readers: Incarnation[] = [];
  for (const [member, { holding }] of repair.reports) if (holding === 'readonly') readers.push(member);
  if (!core.members.has(transaction.requester)) return abort(core, entry, transaction, repair, readers, out);

  const own = repair.reports.get(transaction.requester);
  if (transaction.right === 'readonly' && transaction.acquired) {
    return becomeIdle(core, entry, afterLoss(entry, readers), out);
  }
  transaction.source = undefined;
  transaction.sharers = without(readers, transaction.requester);
  if (own?.holding === 'pending' || own?.holding === 'readonly') return;
  supplyAgain(core, entry, transaction, out);
}

/** The requester is dead, and what it was granted was never confirmed: nobody has seen anything of it (rule 7). */
function abort(
  core: HomeCore,
  entry: Entry,
  transaction: Transaction,
  repair: Repair,
  readers: readonly Incarnation[],
  out: HomeOutput,
): void {
  if (transaction.right === 'exclusive') settle(entry, transaction, [...repair.reports.keys()], out);
  becomeIdle(core, entry, afterLoss(entry, readers), out);
}

/** The requester lives and has no bytes: it gets those that were found, under the same request. Everyone else has carried its command out. */
function supplyAgain(core: HomeCore, entry: Entry, transaction: Transaction, out: HomeOutput): void {
  const { page, bytes } = entry;
  const { requester, id, right, version } = transaction;
  if (bytes !== undefined) {
    const weight = core.weight(page, bytes);
    out.send(requester, 'grant', { page, id, right, version, source: 'content', ackers: [], content: bytes }, weight);
    return;
  }
  out.send(requester, 'refused', { page, id, code: 'page-lost' });
  becomeIdle(core, entry, { kind: 'lost' }, out);
}
