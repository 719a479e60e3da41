import type { Incarnation, Member, Millis } from '@pagewire/protocol';

/** Two live members, the older first, whose link has ended. What was on it may be lost, so they cannot go on together even if they meet again. */
interface Suspicion {
  readonly older: Member;
  readonly younger: Member;
  since: number;
  /** From here on renewals count as signs of life: what a member sent before it died has arrived by now. */
  ripe: boolean;
  /** Those of the two that have renewed since. */
  readonly renewed: Set<Incarnation>;
}

/** Who must go, and why. */
export interface Verdict {
  readonly member: Incarnation;
  readonly reason: string;
}

export interface SuspicionOptions {
  /** A suspicion is this old before renewals count. */
  readonly ripeAfterMs: number;
  /** A proved suspicion waits no longer than this for others to be proved or to go. */
  readonly patienceMs: number;
}

/**
 * Pairs of live members that cannot reach each other, and which member has to go for it.
 *
 * A link also ends because the node behind it is dead or has fenced itself while its lease still runs. Such a node renews no more: its
 * lease runs out, the pair is forgotten, and nobody else has to go. So a suspicion is *proved* only when both members have renewed after
 * it was ripe. A verdict waits until every suspicion is proved or gone, since the pairs of one node that is cut off from all others do not
 * become proved at the same moment, and only together do they show which node it is: the one in the most pairs, the younger on a tie.
 */
export class Suspicions {
  readonly #options: SuspicionOptions;
  /** In order of arrival, one for each pair. */
  #open: Suspicion[] = [];

  constructor(options: SuspicionOptions) {
    this.#options = options;
  }

  /** False when the pair is suspected already: the first link that ended decides. */
  add(now: Millis, one: Member, other: Member): boolean {
    const [older, younger] = one.incarnation < other.incarnation ? [one, other] : [other, one];
    if (this.#open.some((known) => names(known, older.incarnation) && names(known, younger.incarnation))) return false;
    this.#open.push({ older, younger, since: now, ripe: false, renewed: new Set() });
    return true;
  }

  /** A renewal of `member` arrived. */
  renewed(member: Incarnation): void {
    for (const suspicion of this.#open) if (suspicion.ripe && names(suspicion, member)) suspicion.renewed.add(member);
  }

  /** `member` is no live member any more. */
  forget(member: Incarnation): void {
    this.#open = this.#open.filter((suspicion) => !names(suspicion, member));
  }

  /** The coordinator stood still for `ms`: that time proves nothing about its members. */
  heldUp(ms: number): void {
    for (const suspicion of this.#open) suspicion.since += ms;
  }

  /** At most one at a time: without its member other pairs may look different. */
  judge(now: Millis): Verdict | undefined {
    const { ripeAfterMs, patienceMs } = this.#options;
    for (const suspicion of this.#open) if (now - suspicion.since >= ripeAfterMs) suspicion.ripe = true;
    const proved = this.#open.filter((suspicion) => suspicion.renewed.size === 2);
    const undecided = proved.length < this.#open.length;
    if (undecided && !proved.some((suspicion) => now - suspicion.since >= patienceMs)) return undefined;
    return verdictOf(proved);
  }
}

function verdictOf(proved: readonly Suspicion[]): Verdict | undefined {
  const unreached = new Map<Member, Member[]>();
  const note = (member: Member, other: Member) => unreached.set(member, [...(unreached.get(member) ?? []), other]);
  for (const { older, younger } of proved) {
    note(older, younger);
    note(younger, older);
  }
  const [worst] = [...unreached].sort(([a, fromA], [b, fromB]) => fromB.length - fromA.length || b.incarnation - a.incarnation);
  return worst && { member: worst[0].incarnation, reason: reasonFor(...worst) };
}

function reasonFor({ name }: Member, others: readonly Member[]): string {
  // A text in a message is short: a few names say enough.
  const some = others.slice(0, 3).map((other) => `"${other.name}"`);
  const rest = others.length > some.length ? ` and ${others.length - some.length} more` : '';
  return `"${name}" cannot reach ${some.join(', ')}${rest}, though all of them are alive: "${name}" has to go`;
}

const names = ({ older, younger }: Suspicion, member: Incarnation): boolean =>
  older.incarnation === member || younger.incarnation === member;
