import { PagewireError, type RegionAccess } from '@pagewire/protocol';
import type { ClientPool } from '../client-pool.js';
import { survivableCode } from '../fate.js';
import type { Lane } from '../lanes.js';
import type { Done } from '../meter.js';
import { loadLimits } from '../options.js';
import { inParallel } from '../persistence.js';
import type { Random } from '../random.js';
import { type Conclusion, type ConclusionResult, count, type Workload, type WorkloadContext } from '../workload.js';
import { accountBytes } from './account.js';
import { Bank, openingBalance } from './bank.js';

/** The share of operations that read and check a page; the others move money. */
export const checkShare = 0.2;
const LARGEST_AMOUNT = 10;
const LONGEST_PAUSE_MS = 200;

interface Move {
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

/**
 * Money moves between accounts by compare-exchange: it is taken from one, and when that is acknowledged put to the other. An account is one
 * bigint64 that holds two running totals, what has ever left it and what has ever reached it; its balance is opening + received - sent.
 * That the totals only grow is what makes everything checkable while moves are half done:
 *
 * - each word that any operation returns lies between what was known before it began and what had been begun when it ended
 *   (a stale read falls below, a lost update falls below soon after, a phantom rises above);
 * - no balance is ever negative;
 * - the local accounts of one page, read at once, have sent at least what they have received. A page made of two moments can break
 *   this, because a put would be seen without its take;
 * - at the end every account equals the ledger, and the total over all pages is what it was. With unknown outcomes the bounds widen by exactly
 *   those amounts.
 *
 * Even accounts trade within their page and odd ones across pages, so that money that leaves a page does not blur the page's own balance.
 */
export class TransferWorkload implements Workload {
  readonly regionBytes: number;
  readonly #context: WorkloadContext;
  readonly #bank: Bank;
  #moves = 0;
  #underWay = 0;
  // Taken, and certainly not put.
  #inHand = 0;

  constructor(context: WorkloadContext) {
    const { records, pageBytes } = context.settings;
    this.#context = context;
    this.#bank = new Bank({ accounts: records, pageBytes }, context.verdict);
    this.regionBytes = this.#bank.regionBytes;
  }

  async prepare(pool: ClientPool, onReady: (count: number) => void): Promise<void> {
    const { clock, stop } = this.#context;
    await inParallel({ count: this.#bank.pages, width: loadLimits.loadDepth, stop }, async (page) => {
      const patience = { clock, stop, deadlineMs: clock.now() + loadLimits.loadPatienceMs };
      const result = await pool.persist(patience, page, (region) => this.#bank.open(region, page));
      if (!result.ok && result.code !== 'page-lost' && !stop.requested) {
        throw new PagewireError(result.code, `page ${page} of region "${pool.regionName}" could not be read before the run started`);
      }
      onReady(this.#bank.perPage);
    });
  }

  operate(lane: Lane): Promise<Done> {
    return lane.random.float() < checkShare ? this.#check(lane) : this.#move(lane);
  }

  async conclude({ pool, deadlineMs, stop, onChecked }: Conclusion): Promise<ConclusionResult> {
    const { clock } = this.#context;
    const { pages, perPage } = this.#bank;
    let total = 0;
    let read = 0;
    await inParallel({ count: pages, width: loadLimits.loadDepth, stop }, async (page) => {
      const result = await pool.persist({ clock, stop, deadlineMs }, page, (region) => this.#bank.checkPage(region, page));
      onChecked(perPage);
      if (!result.ok) return;
      total += result.value.balance;
      read += perPage;
    });
    // Every account that was read has been checked against its ledger; the total shows something only when all were, and nothing moves.
    const whole = read === this.#bank.accounts && this.#underWay === 0;
    if (whole) this.#checkTotal(total);
    const summary = whole ? this.#totalSummary(total) : this.#partSummary(read);
    return { summary, unread: Math.max(0, this.#bank.accounts - read - this.#bank.lostAccounts) };
  }

  setAside(): number {
    return this.#bank.lostAccounts;
  }

  async #check(lane: Lane): Promise<Done> {
    const { bytes } = await this.#bank.checkPage(lane.region, this.#choosePage(lane.random));
    return { kind: 'check', bytesRead: bytes, bytesWritten: 0 };
  }

  async #move(lane: Lane): Promise<Done> {
    this.#underWay++;
    try {
      const move = this.#choose(lane.random);
      if (await this.#take(lane.region, move)) {
        await this.#put(lane.region, move);
        this.#moves++;
        return { kind: 'move', bytesRead: 2 * accountBytes, bytesWritten: 2 * accountBytes };
      }
      return { kind: 'move', bytesRead: accountBytes, bytesWritten: 0 };
    } finally {
      this.#underWay--;
    }
  }

  #choosePage(random: Random): number {
    const { pages, perPage } = this.#bank;
    let page = random.below(pages);
    for (let i = 0; i < loadLimits.redraws && this.#bank.ledger(page * perPage).lost; i++) page = random.below(pages);
    return page;
  }

  /** A move between accounts that are not known to be lost, if a few draws find one. */
  #choose(random: Random): Move {
    const isLost = ({ from, to }: Move): boolean => this.#bank.ledger(from).lost || this.#bank.ledger(to).lost;
    let move = this.#draw(random);
    for (let i = 0; i < loadLimits.redraws && isLost(move); i++) move = this.#draw(random);
    return move;
  }

  #draw(random: Random): Move {
    const { accounts, perPage, pages } = this.#bank;
    const from = random.below(accounts);
    const page = this.#bank.pageOf(from);
    const inPage = from % perPage;
    const amount = 1 + random.below(LARGEST_AMOUNT);
    // Partners have the parity of `from`: even with even on the page, odd with odd on another page.
    const otherPlace = (inPage + 2 * (1 + random.below(perPage / 2 - 1))) % perPage;
    if (this.#bank.isLocal(from) || pages === 1) return { from, to: page * perPage + otherPlace, amount };
    const otherPage = (page + 1 + random.below(pages - 1)) % pages;
    return { from, to: otherPage * perPage + otherPlace, amount };
  }

  /** False when the account has too little, or the run is over. */
  async #take(region: RegionAccess, { from, amount }: Move): Promise<boolean> {
    const ledger = this.#bank.ledger(from);
    const allowed = (word: Parameters<typeof ledger.balance>[0]): boolean =>
      ledger.balance(word) >= amount && !this.#context.stop.requested;
    const taken = await this.#bank.change({ region, account: from, field: 'sent', amount, allowed });
    if (taken.kind === 'failed') throw taken.error;
    return taken.kind === 'done';
  }

  /** Begun even when the run was stopped, and tried again when nothing can have happened: money that was taken should arrive. */
  async #put(region: RegionAccess, { to, amount }: Move): Promise<void> {
    const { clock, stop } = this.#context;
    const deadlineMs = clock.now() + loadLimits.putPatienceMs;
    for (let attempt = 1; ; attempt++) {
      const put = await this.#bank.change({ region, account: to, field: 'received', amount, allowed: () => true });
      if (put.kind !== 'failed') return;
      const again = put.fate === 'none' && survivableCode(put.error) !== 'page-lost' && clock.now() < deadlineMs && !stop.requested;
      if (!again && put.fate === 'none') this.#inHand += amount;
      if (!again) throw put.error;
      await clock.sleep(Math.min(2 ** attempt, LONGEST_PAUSE_MS), stop);
    }
  }

  #checkTotal(total: number): void {
    const opening = this.#bank.accounts * openingBalance;
    const sum = total + this.#inHand;
    const least = opening - this.#bank.unknown;
    const ok = sum >= least && sum <= opening;
    const bounds = least === opening ? `${opening}` : `${least} to ${opening}`;
    this.#context.verdict.check(ok ? undefined : `the accounts hold ${total} and ${this.#inHand} is in hand, which should make ${bounds}`);
  }

  #totalSummary(total: number): string {
    const { accounts } = this.#bank;
    const before = count(accounts * openingBalance);
    return `total of ${count(accounts)} accounts ${before} before and ${count(total)} after ${this.#movesAndChecks()}`;
  }

  #partSummary(read: number): string {
    const { accounts, lostAccounts } = this.#bank;
    const lost = lostAccounts > 0 ? `; ${count(lostAccounts)} lie on lost pages` : '';
    const moving = this.#underWay > 0 ? `; ${count(this.#underWay)} moves have not ended` : '';
    return `${count(read)} of ${count(accounts)} accounts agree with the ledger, but the total cannot be known${lost}${moving}; after ${this.#movesAndChecks()}`;
  }

  #movesAndChecks(): string {
    const { checks, wrong } = this.#context.verdict;
    const { unknown } = this.#bank;
    const asides = [
      ...(this.#inHand > 0 ? [`${count(this.#inHand)} taken but not put`] : []),
      ...(unknown > 0 ? [`${count(unknown)} in moves of unknown outcome`] : []),
    ];
    const aside = asides.length > 0 ? ` (${asides.join(', ')})` : '';
    return `${count(this.#moves)} moves${aside}; ${count(checks)} checks, ${count(wrong)} wrong`;
  }
}
