import type { Incarnation } from '../ids.js';
import { limits } from '../limits.js';
import type { SyncRequest } from '../messages.js';
import { NamedObjects } from './named-objects.js';
import type { Arrival, SyncCore } from './sync-core.js';

/** How many arrivals each node made. */
type Counts = Map<Incarnation, number>;

export interface Barrier {
  readonly name: string;
  /** What those that wait have agreed on. */
  parties: number;
  /** Number of the last generation that passed or broke. */
  generation: number;
  readonly waiting: Set<Arrival>;
  /** Who took part in the last generation that passed: the others may wait for each of them. */
  last: Counts;
  /** Parties of a broken generation that have not come since: each is told when it does. */
  owed: Counts;
  broke: Broke | undefined;
}

/** The last time that a barrier broke. */
interface Broke {
  /** How many parties were expected then, and whenever it broke before, if as many have not passed since. */
  readonly parties: Set<number>;
  /** No member that there was then has a higher number. */
  readonly lastMember: Incarnation;
  /** Those of them that know. */
  readonly told: Set<Incarnation>;
}

const broken = (name: string): string =>
  `barrier "${name}" lost a node that took part in it, so this generation cannot be complete: agree on the parties that are left and arrive again`;

/**
 * Barriers: a generation passes when all parties have come. After Java's CyclicBarrier, but a broken barrier mends itself: each party is told
 * once, and the next generation starts clean.
 */
export class Barriers {
  readonly #core: SyncCore;
  readonly #barriers = new NamedObjects<Barrier>(limits.maxIdleSyncObjects);

  constructor(core: SyncCore) {
    this.#core = core;
  }

  arrive(from: Incarnation, { id, name, parties }: Extract<SyncRequest, { kind: 'arrive' }>): void {
    const core = this.#core;
    const barrier = this.#barriers.find(name) ?? newBarrier(name, parties);
    // The number that broke gives way to another: who comes with it has not heard that others agreed anew.
    const isOld = (count: number): boolean => barrier.broke?.parties.has(count) === true;
    const disagrees = barrier.waiting.size > 0 && barrier.parties !== parties;
    if (isOwed(barrier, from, parties) || (disagrees && isOld(parties))) {
      barrier.broke?.told.add(from);
      core.deny(from, id, 'broken', broken(name));
      return this.#tidy(barrier);
    }
    if (disagrees && isOld(barrier.parties)) this.#turnAway(barrier);
    if (barrier.waiting.size > 0 && barrier.parties !== parties) {
      const message = `barrier "${name}" is waited at by some who expect ${barrier.parties} parties, not ${parties}: all must agree`;
      return core.deny(from, id, 'bad-argument', message);
    }
    if (!core.hasRoom(from, id)) return this.#tidy(barrier);
    barrier.parties = parties;
    this.#barriers.use(barrier);
    const arrival: Arrival = { kind: 'arrival', member: from, id, barrier };
    core.open(arrival);
    barrier.waiting.add(arrival);
    if (barrier.waiting.size === parties) this.#pass(barrier);
  }

  withdraw(arrival: Arrival): void {
    this.#core.close(arrival);
    arrival.barrier.waiting.delete(arrival);
    this.#tidy(arrival.barrier);
  }

  /** A node left in good order: it takes back what it did, and nobody is to expect it. */
  left(gone: Incarnation): void {
    for (const barrier of this.#barriers.all()) this.#strike(barrier, gone);
  }

  /** A node was lost: whoever waits for it would wait without end. */
  lost(dead: Incarnation): void {
    for (const barrier of this.#barriers.all()) {
      const tookPart = barrier.last.has(dead) || [...barrier.waiting].some((arrival) => arrival.member === dead);
      if (tookPart) this.#break(barrier, dead);
      this.#strike(barrier, dead);
    }
  }

  #pass(barrier: Barrier): void {
    barrier.generation += 1;
    barrier.last = new Map();
    for (const arrival of barrier.waiting) {
      this.#core.close(arrival);
      countUp(barrier.last, arrival.member);
      this.#core.reply(arrival.member, { kind: 'passed', id: arrival.id, generation: barrier.generation });
    }
    barrier.waiting.clear();
    barrier.broke?.parties.delete(barrier.parties);
    this.#tidy(barrier);
  }

  /** Answers all that wait with `broken`: how many those are. */
  #turnAway({ name, waiting, broke }: Barrier): number {
    const told = waiting.size;
    for (const arrival of waiting) {
      this.#core.close(arrival);
      broke?.told.add(arrival.member);
      this.#core.deny(arrival.member, arrival.id, 'broken', broken(name));
    }
    waiting.clear();
    return told;
  }

  #break(barrier: Barrier, dead: Incarnation): void {
    const { name, waiting, last } = barrier;
    for (const arrival of waiting) {
      countDown(last, arrival.member);
      if (arrival.member !== dead) continue;
      this.#core.close(arrival);
      waiting.delete(arrival);
    }
    const parties = new Set(barrier.broke?.parties).add(barrier.parties);
    barrier.broke = { parties, lastMember: this.#core.lastMember, told: new Set() };
    const told = this.#turnAway(barrier);
    this.#core.tell({ kind: 'broken', name, by: dead, waiting: told });
    barrier.generation += 1;
    for (const [member, count] of last) barrier.owed.set(member, (barrier.owed.get(member) ?? 0) + count);
    barrier.last = new Map();
  }

  #strike(barrier: Barrier, gone: Incarnation): void {
    for (const arrival of barrier.waiting) if (arrival.member === gone) barrier.waiting.delete(arrival);
    barrier.last.delete(gone);
    barrier.owed.delete(gone);
    barrier.broke?.told.delete(gone);
    this.#tidy(barrier);
  }

  #tidy(barrier: Barrier): void {
    if (barrier.waiting.size > 0) return;
    if (barrier.generation === 0) return this.#barriers.drop(barrier);
    const forgotten = this.#barriers.rest(barrier);
    if (forgotten !== undefined) this.#core.tell({ kind: 'forgotten', object: 'barrier', name: forgotten.name });
  }
}

const newBarrier = (name: string, parties: number): Barrier => ({
  name,
  parties,
  generation: 0,
  waiting: new Set(),
  last: new Map(),
  owed: new Map(),
  broke: undefined,
});

/** True for a party that is to be told, now that it comes, that the barrier broke. */
function isOwed({ owed, broke }: Barrier, from: Incarnation, parties: number): boolean {
  if (countDown(owed, from)) return true;
  // It was there, and expects what those expected that were told, so it may be one of them that had not come yet.
  return broke?.parties.has(parties) === true && from <= broke.lastMember && !broke.told.has(from);
}

function countUp(counts: Counts, member: Incarnation): void {
  counts.set(member, (counts.get(member) ?? 0) + 1);
}

/** False when nothing is counted for `member`. */
function countDown(counts: Counts, member: Incarnation): boolean {
  const count = counts.get(member);
  if (count === undefined) return false;
  if (count === 1) counts.delete(member);
  else counts.set(member, count - 1);
  return true;
}
