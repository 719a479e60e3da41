import { type Incarnation, incarnation, type Member, type Millis, millis } from '@pagewire/protocol';
import { Membership } from '../src/membership/membership.js';
import { linkId, type MembershipEffect, type MembershipInput } from '../src/membership/membership-io.js';
import { scriptOptions } from './membership-script.js';

/** One random move. `pick` chooses among what there is: a link, a member. */
export interface Move {
  readonly kind: 'join' | 'rejoin' | 'impostor' | 'renew' | 'renew-all' | 'leave' | 'suspect' | 'link-lost' | 'wait' | 'freeze';
  readonly name: string;
  readonly pick: number;
  readonly ms: number;
}

interface Life {
  readonly name: string;
  readonly link: number;
  /** The lease as the rules give it: from the join or the last renewal that counts. */
  leaseEndsAt: number;
  expelled: boolean;
  renewedAt: number;
}

/** Two members, and when the first of them said that it cannot reach the other. */
interface Broken {
  readonly pair: readonly Incarnation[];
  readonly since: number;
}

/**
 * Plays moves against a membership and keeps, from the rules alone, who is in and until when. It collects what breaks a rule instead of
 * throwing, so that a test can say that there is nothing.
 */
export class MembershipModel {
  readonly broken: string[] = [];
  /** How often each way to end occurred: a run in which nothing happens proves nothing. */
  readonly seen = new Set<string>();
  readonly #membership = new Membership({ ...scriptOptions, maxMembers: 4 });
  readonly #lives = new Map<Incarnation, Life>();
  readonly #links: number[] = [];
  #broken: Broken[] = [];
  #now = 0;
  #lastIncarnation = 0;
  #lastEpoch = 0;

  play(move: Move): void {
    const link = this.#links[move.pick % Math.max(1, this.#links.length)] ?? 0;
    switch (move.kind) {
      case 'join':
        return this.#step(this.#newJoin(move.name, undefined));
      case 'rejoin':
        return this.#step(this.#newJoin(move.name, [...this.#lives].find(([, life]) => life.name === move.name)?.[0]));
      // Names the former life of somebody else, or of nobody.
      case 'impostor':
        return this.#step(this.#newJoin(move.name, incarnation(move.pick)));
      case 'renew':
        return this.#step({ kind: 'renew', link: linkId(link), sentAt: this.#now });
      case 'renew-all':
        for (const life of [...this.#lives.values()]) this.#step({ kind: 'renew', link: linkId(life.link), sentAt: this.#now });
        return;
      case 'leave':
      case 'link-lost':
        return this.#step({ kind: move.kind, link: linkId(link) });
      case 'suspect': {
        const lives = [...this.#lives];
        const accuser = lives[move.pick % Math.max(1, lives.length)];
        const accused = lives[move.ms % Math.max(1, lives.length)];
        if (accuser !== undefined && accused !== undefined) {
          this.#step({ kind: 'suspect', link: linkId(accuser[1].link), member: accused[0] });
        }
        return;
      }
      case 'freeze':
        this.#now += move.ms;
        return this.#step({ kind: 'tick' });
      case 'wait':
        for (let left = move.ms; left > 0; left -= scriptOptions.tickEveryMs) {
          this.#now += Math.min(left, scriptOptions.tickEveryMs);
          this.#step({ kind: 'tick' });
        }
        return;
    }
  }

  #newJoin(name: string, previous: Incarnation | undefined): MembershipInput {
    const link = this.#links.length + 1;
    this.#links.push(link);
    return { kind: 'join', link: linkId(link), name, urls: [], previous };
  }

  #step(input: MembershipInput): void {
    this.#foresee(input);
    const effects = this.#membership.step(this.#at(), input);
    for (const effect of effects) this.#check(effect, input);
    this.#expect(effects.filter((effect) => effect.kind === 'expelled').length <= 1, 'several expulsions at once');
    const believed = this.#membership.status(this.#at()).map((member) => member.incarnation);
    this.#expect(
      believed.join() === [...this.#lives.keys()].join(),
      `members ${believed.join()}, but ${[...this.#lives.keys()].join()} are in`,
    );
  }

  #at(): Millis {
    return millis(this.#now);
  }

  /** What the rules say that the input does to leases. */
  #foresee(input: MembershipInput): void {
    for (const life of this.#lives.values()) {
      if ('link' in input && life.link === input.link && !life.expelled) {
        if (input.kind === 'renew') {
          life.leaseEndsAt = this.#now + scriptOptions.leaseMs;
          life.renewedAt = this.#now;
        }
        if (input.kind === 'link-lost') life.expelled = true;
      }
    }
  }

  #check(effect: MembershipEffect, input: MembershipInput): void {
    if (effect.kind === 'admitted') this.#checkAdmitted(effect.member, effect.link);
    if (effect.kind === 'lost') this.#checkLost(effect.member.incarnation, effect.loss, input);
    if (effect.kind === 'suspected') this.#broken.push({ pair: [effect.member.incarnation, effect.by.incarnation], since: this.#now });
    if (effect.kind === 'expelled') this.#checkExpelled(effect.member.incarnation, input);
    if (effect.kind === 'refused') this.seen.add(effect.code);
    if (effect.kind === 'send' && effect.message.kind === 'members') {
      this.#expect(effect.message.epoch > this.#lastEpoch, `epoch ${effect.message.epoch} after ${this.#lastEpoch}`);
      this.#lastEpoch = effect.message.epoch;
    }
  }

  #checkAdmitted({ incarnation: member, name }: Member, link: number): void {
    const namesakes = [...this.#lives.values()].filter((life) => life.name === name);
    this.#expect(namesakes.length === 0, `a second member named ${name}`);
    this.#expect(member > this.#lastIncarnation, `incarnation ${member} after ${this.#lastIncarnation}`);
    this.#expect(this.#lives.size < 4, 'more members than allowed');
    this.#lastIncarnation = member;
    this.#lives.set(member, { name, link, leaseEndsAt: this.#now + scriptOptions.leaseMs, expelled: false, renewedAt: this.#now });
    this.seen.add('admitted');
  }

  /** Only the end of its own link, or a pair of which both have shown themselves alive, costs a member its place. */
  #checkExpelled(member: Incarnation, input: MembershipInput): void {
    const alive = (other: Incarnation, since: number): boolean => {
      const life = this.#lives.get(other);
      return life !== undefined && !life.expelled && life.renewedAt >= since + 2 * scriptOptions.renewEveryMs;
    };
    const proved = this.#broken.some(({ pair, since }) => pair.includes(member) && pair.every((other) => alive(other, since)));
    this.#expect(input.kind === 'link-lost' || (input.kind === 'tick' && proved), `${member} expelled by ${input.kind} at ${this.#now}`);
    const life = this.#lives.get(member);
    if (life !== undefined) life.expelled = true;
    this.seen.add(`expelled by ${input.kind}`);
  }

  #checkLost(member: Incarnation, loss: string, input: MembershipInput): void {
    const life = this.#lives.get(member);
    const excuse =
      (loss === 'lease-ended' && life !== undefined && life.leaseEndsAt <= this.#now) ||
      (loss === 'left' && input.kind === 'leave' && input.link === life?.link) ||
      (loss === 'rejoined' && input.kind === 'join' && input.previous === member && input.name === life?.name);
    this.#expect(excuse, `${member} lost (${loss}) at ${this.#now}, its lease lasts until ${life?.leaseEndsAt}`);
    this.#lives.delete(member);
    this.seen.add(loss);
  }

  #expect(holds: boolean, what: string): void {
    if (!holds) this.broken.push(what);
  }
}
