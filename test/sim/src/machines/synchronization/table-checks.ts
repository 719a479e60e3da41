import type { Incarnation, SyncEffect, SyncInput, SyncReply } from '@pagewire/protocol';
import { RuleBroken } from '../rule-broken.js';

/** A lock, or permits of the semaphore, that were asked for and not answered yet, in the order in which the table heard of it. */
interface Claim {
  readonly from: Incarnation;
  readonly id: number;
}

/** What is checked of every answer of the table, whoever plays: order, tokens, wake-ups that are counted, generations that are complete. */
export class TableChecks {
  /** By name: first come, first served. */
  readonly #lines = new Map<string, Claim[]>();
  readonly #abandoned = new Set<string>();
  readonly #gone = new Set<Incarnation>();
  #stale: { readonly from: Incarnation; readonly what: string; ignored: boolean } | undefined;
  #passed = 0;
  #lastToken = 0;
  #wokenSinceNotified = 0;
  readonly counts = { wokenByTable: 0, abandoned: 0, broken: 0 };

  constructor(readonly parties: number) {}

  before(input: SyncInput): void {
    this.#settleStep();
    if (input.kind === 'member-lost') {
      this.#gone.add(input.member);
      for (const [name, line] of this.#lines)
        this.#lines.set(
          name,
          line.filter(({ from }) => from !== input.member),
        );
    }
    if (input.kind !== 'message' && input.kind !== 'address-message') return;
    const { from, message } = input;
    if (this.#gone.has(from)) this.#stale = { from, what: message.kind, ignored: false };
    else if (message.kind === 'lock' || message.kind === 'take-permits') this.#line(message.name).push({ from, id: message.id });
  }

  effect(effect: SyncEffect): void {
    if (this.#stale !== undefined) {
      if (effect.kind !== 'ignored') throw endedLife(this.#stale.from, this.#stale.what);
      this.#stale.ignored = true;
    }
    if (effect.kind === 'violation') throw new RuleBroken('violation', `the table accuses node ${effect.from}: ${effect.what}`);
    if (effect.kind === 'broken') this.counts.broken += 1;
    if (effect.kind === 'abandoned') {
      this.counts.abandoned += 1;
      this.#abandoned.add(effect.name);
    }
    if (effect.kind === 'send') this.#reply(effect.to, effect.message);
  }

  /** What the last step has left unsaid. */
  #settleStep(): void {
    if (this.#stale?.ignored === false) throw endedLife(this.#stale.from, this.#stale.what);
    this.#stale = undefined;
    if (this.#passed !== 0 && this.#passed !== this.parties)
      throw new RuleBroken('barrier', `${this.#passed} passed a barrier of ${this.parties} parties`);
    this.#passed = 0;
  }

  #reply(to: Incarnation, message: SyncReply): void {
    switch (message.kind) {
      case 'woken':
        this.counts.wokenByTable += 1;
        this.#wokenSinceNotified += 1;
        return;
      case 'notified':
        if (message.woken !== this.#wokenSinceNotified) {
          throw new RuleBroken('notify', `${this.#wokenSinceNotified} were woken, and the notifier is told ${message.woken}`);
        }
        this.#wokenSinceNotified = 0;
        return;
      case 'passed':
        this.#passed += 1;
        return;
      case 'obtained':
        return this.#obtained(to, message);
      case 'cancelled':
      case 'denied':
        for (const line of this.#lines.values()) remove(line, to, message.id);
        return;
      default:
        return;
    }
  }

  #obtained(to: Incarnation, { id, token, abandoned }: Extract<SyncReply, { kind: 'obtained' }>): void {
    if (token <= this.#lastToken) throw new RuleBroken('token', `token ${token} after ${this.#lastToken}`);
    this.#lastToken = token;
    for (const [name, line] of this.#lines) {
      const at = line.findIndex((claim) => claim.from === to && claim.id === id);
      if (at < 0) continue;
      if (at > 0) throw new RuleBroken('order', `node ${to} obtains "${name}" before ${at} others that came earlier`);
      line.shift();
      if (this.#abandoned.delete(name) !== abandoned) {
        throw new RuleBroken('abandoned', `node ${to} obtains "${name}" and is told that it was ${abandoned ? '' : 'not '}abandoned`);
      }
      return;
    }
    throw new RuleBroken('order', `node ${to} obtains by request #${id} what it did not ask for`);
  }

  #line(name: string): Claim[] {
    const line = this.#lines.get(name) ?? [];
    this.#lines.set(name, line);
    return line;
  }
}

function remove(line: Claim[], from: Incarnation, id: number): void {
  const at = line.findIndex((claim) => claim.from === from && claim.id === id);
  if (at >= 0) line.splice(at, 1);
}

const endedLife = (from: Incarnation, what: string): RuleBroken =>
  new RuleBroken('I5', `${what} of node ${from}, whose life has ended, is taken`);
