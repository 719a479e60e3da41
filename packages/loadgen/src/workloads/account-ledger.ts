import type { AccountWord } from './account.js';

/** One of the two running totals of an account. It only grows, so bounds from below and above pin it down. */
export class RunningTotal {
  #floor = 0;
  #begun = 0;
  #acknowledged = 0;

  /** It is at least this: what was acknowledged, or what somebody has seen. */
  get floor(): number {
    return this.#floor;
  }
  /** What may have been added besides: changes of unknown outcome, and those under way. */
  get unknown(): number {
    return this.#begun - this.#acknowledged;
  }

  begin(amount: number): void {
    this.#begun += amount;
  }
  withdraw(amount: number): void {
    this.#begun -= amount;
  }
  acknowledge(amount: number): void {
    this.#acknowledged += amount;
    this.#floor = Math.max(this.#floor, this.#acknowledged);
  }

  /** Somebody saw `amount`, in an operation that began when the floor was `floor`. Returns what is wrong, if anything is. */
  see(amount: number, floor: number): string | undefined {
    if (amount < floor) return `${amount}, although it had reached ${floor} before: a stale read or a lost update`;
    if (amount > this.#begun) return `${amount}, although moves for ${this.#begun} at most had begun`;
    this.#floor = Math.max(this.#floor, amount);
    return undefined;
  }
}

/** The floors of an account when an operation on it began: the least that the operation may see. */
export interface AccountFloor {
  readonly sent: number;
  readonly received: number;
}

/** What the clients know of one account, counted from its word at the start. */
export class AccountLedger {
  readonly sent = new RunningTotal();
  readonly received = new RunningTotal();
  readonly opening: number;
  first: AccountWord = { sent: 0, received: 0 };
  lost = false;

  constructor(opening: number) {
    this.opening = opening;
  }

  floor(): AccountFloor {
    return { sent: this.sent.floor, received: this.received.floor };
  }

  /** The running totals since the start of the run. Exact as long as less than 2^32 passes through an account in one run. */
  since(word: AccountWord): AccountWord {
    return { sent: (word.sent - this.first.sent) >>> 0, received: (word.received - this.first.received) >>> 0 };
  }

  balance(word: AccountWord): number {
    const { sent, received } = this.since(word);
    return this.opening + received - sent;
  }

  /** Checks a word that was seen by an operation which began when the floor was `floor`. Returns what is wrong, if anything is. */
  see(word: AccountWord, floor: AccountFloor): string | undefined {
    const { sent, received } = this.since(word);
    const problem = this.sent.see(sent, floor.sent);
    if (problem !== undefined) return `shows that it sent ${problem}`;
    const other = this.received.see(received, floor.received);
    if (other !== undefined) return `shows that it received ${other}`;
    return this.balance(word) < 0 ? `has ${this.balance(word)} left: more was taken than it had` : undefined;
  }
}
