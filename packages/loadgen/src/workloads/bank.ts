import { InvariantError, type RegionAccess } from '@pagewire/protocol';
import { type Fate, fateOf, survivableCode } from '../fate.js';
import type { Verdict } from '../verdict.js';
import { type AccountWord, accountAt, accountBytes, packAccount, unpackAccount } from './account.js';
import { type AccountFloor, AccountLedger } from './account-ledger.js';

/** What each account holds at the start of a run. */
export const openingBalance = 1000;
/** Accounts on a page, spread over all of it, so that a page put together from two versions cannot pass for one. */
export const accountsPerPage = 16;

const UINT32 = 2 ** 32;

/** A change of one account by one compare-exchange. */
interface Change {
  readonly region: RegionAccess;
  readonly account: number;
  readonly amount: number;
  readonly field: 'sent' | 'received';
  /** Asked before each attempt; false gives the change up. */
  readonly allowed: (word: AccountWord) => boolean;
}

/** How a change ended. `fate` says whether a failed one may have taken effect. */
export type Changed =
  | { readonly kind: 'done' }
  | { readonly kind: 'declined' }
  | { readonly kind: 'failed'; readonly error: unknown; readonly fate: Fate };

/** The accounts in a region, and what all clients together know of them. Every word that comes back from memory is checked. */
export class Bank {
  readonly perPage: number;
  readonly pages: number;
  readonly #pageBytes: number;
  readonly #ledgers: readonly AccountLedger[];
  readonly #opened = new Set<number>();
  readonly #verdict: Verdict;

  /** `accounts` is rounded up to whole pages. */
  constructor({ accounts, pageBytes }: { readonly accounts: number; readonly pageBytes: number }, verdict: Verdict) {
    this.perPage = Math.min(accountsPerPage, pageBytes / accountBytes);
    this.pages = Math.ceil(accounts / this.perPage);
    this.#pageBytes = pageBytes;
    this.#ledgers = Array.from({ length: this.pages * this.perPage }, () => new AccountLedger(openingBalance));
    this.#verdict = verdict;
  }

  get accounts(): number {
    return this.#ledgers.length;
  }
  /** What moves of unknown outcome may have taken, or may have failed to put: the total may be less by this much. */
  get unknown(): number {
    return this.#ledgers.reduce((sum, { sent, received }) => sum + sent.unknown + received.unknown, 0);
  }
  get lostAccounts(): number {
    return this.#ledgers.filter((ledger) => ledger.lost).length;
  }
  get regionBytes(): number {
    return this.pages * this.#pageBytes;
  }

  ledger(account: number): AccountLedger {
    const ledger = this.#ledgers[account];
    if (ledger === undefined) throw new InvariantError(`account ${account} of ${this.#ledgers.length}`);
    return ledger;
  }

  pageOf(account: number): number {
    return Math.floor(account / this.perPage);
  }

  /** Local accounts trade within their page, so that the page alone shows whether their books balance; travelling ones trade across pages. */
  isLocal(account: number): boolean {
    return account % 2 === 0;
  }

  /**
   * Reads a page and takes what is there as the start of the run: the region may have served an earlier one. Only the first reading counts:
   * another that was given up as too slow may come back when money moves already.
   */
  async open(region: RegionAccess, page: number): Promise<void> {
    const bytes = await this.#touching(page, region.read(page * this.#pageBytes, this.#pageBytes));
    if (this.#opened.has(page)) return;
    this.#opened.add(page);
    for (const account of this.#accountsOf(page)) this.ledger(account).first = accountAt(bytes, this.#offsetInPage(account));
  }

  /**
   * Reads a page once and checks it: each account against the ledger, and the page against itself. A take is over before its put begins, so
   * the local accounts of a page, seen at one instant, have sent at least what they have received, however many moves are half done.
   * Returns the sum of the balances on the page, and the bytes that travelled.
   */
  async checkPage(region: RegionAccess, page: number): Promise<{ readonly balance: number; readonly bytes: number }> {
    const floors = this.#accountsOf(page).map((account) => this.ledger(account).floor());
    const bytes = await this.#touching(page, region.read(page * this.#pageBytes, this.#pageBytes));
    const problems: string[] = [];
    let inFlight = 0;
    let balance = 0;
    for (const [i, account] of this.#accountsOf(page).entries()) {
      const word = accountAt(bytes, this.#offsetInPage(account));
      const floor = floors[i];
      const problem = floor && this.ledger(account).see(word, floor);
      if (problem !== undefined) problems.push(`account ${account} ${problem}`);
      const { sent, received } = this.ledger(account).since(word);
      if (this.isLocal(account)) inFlight += sent - received;
      balance += this.ledger(account).balance(word);
    }
    if (inFlight < 0) problems.push(`its local accounts have received ${-inFlight} more than they have sent: the page mixes two moments`);
    this.#verdict.check(problems.length > 0 ? `page ${page}: ${problems.join('; ')}` : undefined);
    return { balance, bytes: bytes.length };
  }

  /**
   * Adds `amount` to one running total of an account by a compare-exchange loop, and takes the outcome into the ledger. An attempt whose outcome is
   * unknown can do no harm later: the totals only grow, so that it finds another word than it expects as soon as anybody has
   * changed the account. Throws only errors that a load does not survive.
   */
  async change(change: Change): Promise<Changed> {
    const { region, account, field, amount } = change;
    const page = this.pageOf(account);
    const offset = page * this.#pageBytes + this.#offsetInPage(account);
    const total = this.ledger(account)[field];
    let floor = this.ledger(account).floor();
    let begun = false;
    try {
      let word = this.#see(account, floor, await this.#touching(page, region.atomics.load('bigint64', offset)));
      while (change.allowed(word)) {
        const expected = packAccount(word);
        const replacement = packAccount({ ...word, [field]: (word[field] + amount) % UINT32 });
        floor = this.ledger(account).floor();
        total.begin(amount);
        begun = true;
        const before = await this.#touching(page, region.atomics.compareExchange('bigint64', offset, expected, replacement));
        // The floor is from before the attempt: our own acknowledgement must not be held against the word that it replaced.
        word = this.#see(account, floor, before);
        if (before === expected) {
          total.acknowledge(amount);
          return { kind: 'done' };
        }
        total.withdraw(amount);
        begun = false;
      }
      return { kind: 'declined' };
    } catch (error) {
      if (survivableCode(error) === undefined) throw error;
      const fate = begun ? fateOf(error) : 'none';
      if (begun && fate === 'none') total.withdraw(amount);
      return { kind: 'failed', error, fate };
    }
  }

  #see(account: number, floor: AccountFloor, packed: bigint): AccountWord {
    const word = unpackAccount(packed);
    const problem = this.ledger(account).see(word, floor);
    this.#verdict.check(problem && `account ${account} (page ${this.pageOf(account)}) ${problem}`);
    return word;
  }

  async #touching<T>(page: number, operation: Promise<T>): Promise<T> {
    try {
      return await operation;
    } catch (error) {
      if (survivableCode(error) === 'page-lost') for (const account of this.#accountsOf(page)) this.ledger(account).lost = true;
      throw error;
    }
  }

  #accountsOf(page: number): number[] {
    return Array.from({ length: this.perPage }, (_, i) => page * this.perPage + i);
  }

  #offsetInPage(account: number): number {
    return (account % this.perPage) * (this.#pageBytes / this.perPage);
  }
}
