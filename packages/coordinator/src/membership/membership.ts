import { type ErrorCode, type Incarnation, incarnation, invariant, type Millis, millis, unreachable } from '@pagewire/protocol';
import { nameFault, urlsFault } from './join-check.js';
import type { LinkId, Loss, MemberStatus, MembershipEffect, MembershipInput, MembershipOptions } from './membership-io.js';
import { asMember, type Seat, seatStatus } from './seat.js';
import { Suspicions } from './suspicions.js';

/** A join that may have to wait until the member of its name is lost. `since` is when it arrived. */
interface WaitingJoin {
  readonly link: LinkId;
  readonly name: string;
  readonly urls: readonly string[];
  readonly since: Millis;
}

type Join = Extract<MembershipInput, { kind: 'join' }>;

/**
 * Who is in the cluster, by lease. A member is lost only when its lease has run out on this clock, which is later than on its own, so it
 * has fenced itself by then; or when the node itself says that it holds nothing (`leave`, or a join with `previous`). A link that ends
 * says nothing about what the node behind it still does.
 *
 * Leases are judged by `tick` alone. A process that was stopped finds its clock advanced and the renewals of that time still in its
 * sockets: a tick that comes late therefore extends every lease by the delay, and leaves judging to the next one, by which time the
 * driver has read the sockets. Only a lease that had already ended at the tick before is judged by a late one, so that a busy process
 * whose ticks are all late still gets there. Too late is always safe.
 */
export class Membership {
  readonly #options: MembershipOptions;
  /** In order of incarnation. */
  readonly #seats = new Map<Incarnation, Seat>();
  readonly #byName = new Map<string, Seat>();
  /** The member that a link speaks for; entries go with the seat or the link. */
  readonly #byLink = new Map<LinkId, Seat>();
  /** In order of arrival. */
  readonly #waiting = new Map<LinkId, WaitingJoin>();
  readonly #suspicions: Suspicions;
  #nextIncarnation: number;
  #epoch: number;
  #lastTick: Millis | undefined;
  #effects: MembershipEffect[] = [];

  constructor(options: MembershipOptions) {
    this.#options = options;
    // Two renewals: one that was under way when a member died is not taken for a sign of life. A dead member is lost within a lease, so
    // twice as long is patience enough.
    this.#suspicions = new Suspicions({ ripeAfterMs: 2 * options.renewEveryMs, patienceMs: 2 * options.leaseMs });
    this.#nextIncarnation = options.firstNumber;
    this.#epoch = options.firstNumber;
  }

  /** Raised whenever a member joins, leaves or is lost. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The live member that `link` speaks for. What comes over a link that has none has no effect (I5). */
  memberOf(link: LinkId): Incarnation | undefined {
    const seat = this.#byLink.get(link);
    return seat?.state === 'live' ? seat.incarnation : undefined;
  }

  /** The link to a live member. */
  linkOf(member: Incarnation): LinkId | undefined {
    const seat = this.#seats.get(member);
    return seat?.state === 'live' ? seat.link : undefined;
  }

  /** The links to all live members, oldest member first. */
  liveLinks(): LinkId[] {
    const links: LinkId[] = [];
    for (const seat of this.#seats.values()) if (seat.state === 'live' && seat.link !== undefined) links.push(seat.link);
    return links;
  }

  status(now: Millis): MemberStatus[] {
    return [...this.#seats.values()].map((seat) => seatStatus(seat, now));
  }

  step(now: Millis, input: MembershipInput): MembershipEffect[] {
    const epochBefore = this.#epoch;
    this.#effects = [];
    this.#take(now, input);
    if (this.#epoch !== epochBefore) {
      this.#admitWaiting(now);
      const members = [...this.#seats.values()].map(asMember);
      this.#send(this.liveLinks(), { kind: 'members', epoch: this.#epoch, members });
    }
    return this.#effects;
  }

  #take(now: Millis, input: MembershipInput): void {
    switch (input.kind) {
      case 'join':
        return this.#join(now, input);
      case 'renew':
        return this.#renew(now, input.link, input.sentAt);
      case 'leave':
        return this.#leave(input.link);
      case 'suspect':
        return this.#suspect(now, input.link, input.member);
      case 'expel':
        return this.#expelMember(input.member, input.reason);
      case 'link-lost':
        return this.#linkLost(input.link);
      case 'tick':
        return this.#tick(now);
      default:
        return unreachable(input);
    }
  }

  #join(now: Millis, join: Join): void {
    const fault = nameFault(join.name) ?? urlsFault(join.urls);
    if (fault !== undefined) return this.#refuse(join.link, 'bad-argument', fault);
    const speaker = this.#byLink.get(join.link);
    if (speaker?.state === 'live' && (speaker.incarnation !== join.previous || speaker.name !== join.name)) {
      return this.#refuse(join.link, 'protocol-violation', `this link already speaks for member ${speaker.incarnation}, "${speaker.name}"`);
    }
    const namesake = this.#byName.get(join.name);
    const arrived: WaitingJoin = { link: join.link, name: join.name, urls: join.urls, since: now };
    if (namesake === undefined) return this.#admit(now, arrived);
    // The process that lived as `previous` has fenced itself: nobody computes on its pages, so its lease need not be waited out.
    if (namesake.incarnation === join.previous) {
      this.#lose([namesake], 'rejoined', join.link);
      return this.#admit(now, arrived);
    }
    if (!this.#waiting.has(join.link) && this.#waiting.size >= this.#options.maxMembers) {
      return this.#refuse(join.link, 'overloaded', `${this.#waiting.size} joins wait already: try again later`);
    }
    // A repeated join goes to the end of the line.
    this.#waiting.delete(join.link);
    this.#waiting.set(join.link, arrived);
  }

  #admit(now: Millis, { link, name, urls, since }: WaitingJoin): void {
    const { maxMembers, cluster, leaseMs, renewEveryMs } = this.#options;
    if (this.#seats.size >= maxMembers) {
      return this.#refuse(link, 'overloaded', `the cluster has ${maxMembers} nodes, as many as it may: stop one first`);
    }
    invariant(!this.#byName.has(name), `two members would be named ${name}`);
    const seat: Seat = {
      incarnation: incarnation(this.#nextIncarnation++),
      name,
      urls: [...urls],
      state: 'live',
      link,
      leaseEndsAt: millis(now + leaseMs),
    };
    this.#waiting.delete(link);
    this.#detach(link);
    this.#seats.set(seat.incarnation, seat);
    this.#byName.set(name, seat);
    this.#byLink.set(link, seat);
    this.#epoch += 1;
    this.#effects.push({ kind: 'admitted', member: asMember(seat), link });
    this.#send([link], { kind: 'joined', cluster, incarnation: seat.incarnation, leaseMs, renewEveryMs, waitedMs: now - since });
  }

  #admitWaiting(now: Millis): void {
    for (const join of [...this.#waiting.values()]) if (!this.#byName.has(join.name)) this.#admit(now, join);
  }

  #renew(now: Millis, link: LinkId, sentAt: number): void {
    const seat = this.#byLink.get(link);
    if (seat?.state !== 'live') {
      return this.#send([link], { kind: 'expelled', reason: 'the coordinator does not count this node as a member: rejoin' });
    }
    // A lease that ended but was not judged may be renewed: nobody has been told that it ended.
    seat.leaseEndsAt = millis(now + this.#options.leaseMs);
    this.#suspicions.renewed(seat.incarnation);
    this.#send([link], { kind: 'renewed', sentAt });
    for (const join of [...this.#waiting.values()]) {
      if (join.name === seat.name) {
        const where = seat.urls.length > 0 ? ` at ${seat.urls.join(', ')}` : '';
        this.#refuse(join.link, 'name-taken', `a live node is named "${seat.name}"${where}: choose another name or stop that one`);
      }
    }
  }

  #leave(link: LinkId): void {
    this.#waiting.delete(link);
    const seat = this.#byLink.get(link);
    if (seat !== undefined) this.#lose([seat], 'left', link);
    this.#send([link], { kind: 'left' });
  }

  #suspect(now: Millis, link: LinkId, suspected: Incarnation): void {
    const accuser = this.#byLink.get(link);
    const accused = this.#seats.get(suspected);
    const what = `suspicion of ${suspected}`;
    if (accuser?.state !== 'live' || accused?.state !== 'live' || accuser === accused) {
      this.#effects.push({ kind: 'ignored', what, why: 'it needs two live members' });
    } else if (this.#suspicions.add(now, accuser, accused)) {
      this.#effects.push({ kind: 'suspected', member: asMember(accused), by: asMember(accuser) });
    } else {
      this.#effects.push({ kind: 'ignored', what, why: 'the two are suspected already' });
    }
  }

  /** Of the members that cannot reach each other, expels the one without which the most others can. */
  #judgeSuspicions(now: Millis): void {
    const verdict = this.#suspicions.judge(now);
    if (verdict === undefined) return;
    const seat = this.#seats.get(verdict.member);
    invariant(seat?.state === 'live', `member ${verdict.member} is suspected but not live`);
    this.#expel(seat, verdict.reason);
  }

  #expelMember(member: Incarnation, reason: string): void {
    const seat = this.#seats.get(member);
    if (seat?.state === 'live') return this.#expel(seat, reason);
    this.#effects.push({ kind: 'ignored', what: `expulsion of ${member}`, why: 'it is not a live member' });
  }

  #linkLost(link: LinkId): void {
    this.#waiting.delete(link);
    const seat = this.#byLink.get(link);
    if (seat === undefined) return;
    this.#detach(link);
    // No renewal can come any more, so nothing is taken from the node by not waiting for one.
    if (seat.state === 'live') this.#expel(seat, 'its link to the coordinator ended');
  }

  #expel(seat: Seat, reason: string): void {
    seat.state = 'expelled';
    this.#suspicions.forget(seat.incarnation);
    this.#effects.push({ kind: 'expelled', member: asMember(seat), reason });
    if (seat.link !== undefined) this.#send([seat.link], { kind: 'expelled', reason });
  }

  #tick(now: Millis): void {
    const last = this.#lastTick;
    this.#lastTick = now;
    if (last === undefined) return;
    const { tickEveryMs } = this.#options;
    const late = now - last > 2 * tickEveryMs;
    const judgedAt = late ? last : now;
    const ended = [...this.#seats.values()].filter((seat) => seat.leaseEndsAt <= judgedAt);
    if (late) this.#heldUp(now - last - tickEveryMs);
    this.#lose(ended, 'lease-ended');
    this.#judgeSuspicions(now);
  }

  #heldUp(ms: number): void {
    for (const seat of this.#seats.values()) seat.leaseEndsAt = millis(seat.leaseEndsAt + ms);
    this.#suspicions.heldUp(ms);
  }

  /** Ends memberships: all of them at once, so that none of the lost is told of the others. `speaker` is the link whose message did it. */
  #lose(seats: readonly Seat[], loss: Loss, speaker?: LinkId): void {
    for (const seat of seats) {
      this.#seats.delete(seat.incarnation);
      this.#byName.delete(seat.name);
      this.#suspicions.forget(seat.incarnation);
      this.#epoch += 1;
    }
    const others = this.liveLinks();
    for (const seat of seats) {
      this.#send(others, { kind: 'node-lost', member: seat.incarnation });
      this.#effects.push({ kind: 'lost', member: asMember(seat), loss });
      // An expelled member was told when it was expelled.
      if (seat.link !== undefined && seat.link !== speaker && seat.state === 'live') {
        const reason = loss === 'rejoined' ? 'this node joined again over another link' : 'no renewal came before the lease ended';
        this.#send([seat.link], { kind: 'expelled', reason });
      }
      if (seat.link !== undefined) this.#detach(seat.link);
    }
  }

  /** From now on the link speaks for nobody. */
  #detach(link: LinkId): void {
    const seat = this.#byLink.get(link);
    if (seat !== undefined) seat.link = undefined;
    this.#byLink.delete(link);
  }

  #refuse(link: LinkId, code: ErrorCode, reason: string): void {
    this.#waiting.delete(link);
    this.#effects.push({ kind: 'refused', link, code, reason });
  }

  #send(to: readonly LinkId[], message: Extract<MembershipEffect, { kind: 'send' }>['message']): void {
    if (to.length > 0) this.#effects.push({ kind: 'send', to, message });
  }
}
