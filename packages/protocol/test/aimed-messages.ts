import fc from 'fast-check';
import { HOME, type Peer } from '../src/agent/agent-io.js';
import { decodeMessage, encodeMessage } from '../src/codec.js';
import type { Message, MessageKind } from '../src/messages.js';
import { kinds, messages } from './message-arbitraries.js';

/** The few things that a message is about, so that messages of one run are about the same. */
export interface Aim {
  readonly pages: readonly number[];
  readonly regions: readonly number[];
  readonly members: readonly number[];
  readonly names: readonly string[];
  readonly pageBytes: number;
}

/** A well-formed message, and the numbers by which it is aimed. */
export interface Shot {
  readonly message: Message;
  /** 0 leaves a field as it is; any other number picks something that there is. */
  readonly picks: readonly number[];
}

const picks = fc.array(fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 12, arbitrary: fc.integer({ min: 1, max: 1000 }) }), {
  minLength: 8,
  maxLength: 8,
});

/** Messages of these kinds, each with its fields aimed at what there is, or some of them. */
export const shotsOf = (...some: readonly MessageKind[]): fc.Arbitrary<Shot> =>
  fc.record({ message: fc.oneof(...some.map((kind): fc.Arbitrary<Message> => messages[kind])), picks });

/** Messages of every kind. */
export const shots: fc.Arbitrary<Shot> = shotsOf(...kinds);

/** Mostly messages that may be sent at such a place: any other would end the link, and nothing after it would be heard. */
export const mostly = (...some: readonly MessageKind[]): fc.Arbitrary<Shot> =>
  fc.oneof({ weight: 40, arbitrary: shotsOf(...some) }, { weight: 1, arbitrary: shots });

/** What agents send to their home. */
export const toHome = ['acquire', 'acquired', 'downgraded', 'release', 'report'] as const satisfies readonly MessageKind[];
/** What a home sends to agents. */
export const fromHome = [
  ...(['grant', 'supply', 'downgrade', 'transfer', 'invalidate', 'settled', 'released', 'refused', 'query', 'node-lost'] as const),
] as const satisfies readonly MessageKind[];
export const syncRequests = [
  'lock',
  'take-permits',
  'give-back',
  'arrive',
  'wait',
  'notify',
  'cancel',
] as const satisfies readonly MessageKind[];
export const syncReplies = [
  ...(['obtained', 'given-back', 'passed', 'waiting', 'look-again', 'woken', 'notified', 'cancelled', 'denied'] as const),
] as const satisfies readonly MessageKind[];
export const requests = [
  ...(['open-region', 'delete-region', 'list-regions', 'status', 'read', 'write', 'operate'] as const),
] as const satisfies readonly MessageKind[];
export const replies = [
  ...(['region-opened', 'deleted', 'regions-listed', 'status-reported', 'bytes-read', 'written', 'operated', 'failed'] as const),
] as const satisfies readonly MessageKind[];

/** Aims the fields of `shot` that name something. */
export function aimAt(aim: Aim, { message, picks }: Shot): Message {
  let next = 0;
  const pick = <T>(choices: readonly T[], as: T): T => {
    const number = picks[next++ % picks.length] ?? 0;
    return number === 0 ? as : (choices[number % choices.length] ?? as);
  };
  const small = [0, 1, 1, 2, 2, 3];
  const field = (key: string, value: unknown): unknown => {
    if (value === undefined || value === null) return value;
    switch (key) {
      case 'page':
        return pick<unknown>(aim.pages, value);
      case 'region':
      case 'after':
        return pick<unknown>(aim.regions, value);
      case 'to':
      case 'member':
      case 'incarnation':
      case 'previous':
        return pick<unknown>(aim.members, value);
      case 'ackers':
        return Array.isArray(value) ? value.slice(0, 3).map((one) => pick<unknown>(aim.members, one)) : value;
      case 'name':
        return pick<unknown>(aim.names, value);
      case 'id':
      case 'version':
      case 'held':
      case 'round':
        return pick<unknown>(small, value);
      case 'offset':
        return pick<unknown>([0, 4, 8, 60, 4096], value);
      case 'content':
        return value instanceof Uint8Array
          ? pick<unknown>(
              [1, 1, 1, 0.5].map((pages) => new Uint8Array(aim.pageBytes * pages).fill(value[0] ?? 0)),
              value,
            )
          : value;
      default:
        return aimed(value);
    }
  };
  const aimed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(aimed);
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, field(key, inner)]));
  };
  // Each field got a value of its own type: a number for an id, a name for a name.
  return aimed(message) as Message;
}

/** The bytes of an aimed message, for whoever sends it and does not look into it. */
export const shoot = (aim: Aim, shot: Shot): readonly Uint8Array[] => encodeMessage(aimAt(aim, shot));

/** What a machine has said of late, so that messages can answer it: the most of what is sent by chance answers nothing. */
export class LatelySaid {
  #said: { readonly to: Peer; readonly item: object }[] = [];

  note(effects: readonly { readonly kind: string }[]): void {
    for (const effect of effects) {
      if (!('to' in effect && 'message' in effect)) continue;
      // Only sends have both, and they are to a peer.
      const { to, message } = effect as { readonly to: Peer; readonly message: Message };
      if ('items' in message) for (const item of message.items) this.#said.push({ to, item });
    }
    this.#said = this.#said.slice(-6);
  }

  /** Notes what came as bytes. */
  hear(bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes.slice());
    if (!decoded.ok) return;
    const sent = { kind: 'send', to: HOME, message: decoded.message };
    this.note([sent]);
  }

  /** The bytes of an aimed message, three times of four as an answer. */
  shoot(aim: Aim, shot: Shot): readonly Uint8Array[] {
    return encodeMessage(this.answered(HOME, aimAt(aim, shot), shot).message);
  }

  /** The message, three times of four as an answer: from whom something was sent to, and about the same page, request, version and right. */
  answered(from: Peer, message: Message, { picks: chosen }: Shot): { readonly from: Peer; readonly message: Message } {
    const found = this.#said[(chosen[4] ?? 0) % Math.max(1, this.#said.length)];
    if (found === undefined || !('items' in message) || (chosen[5] ?? 0) % 4 === 0) return { from, message };
    const same = Object.entries(found.item).filter(([key]) => ['page', 'id', 'version', 'right', 'round'].includes(key));
    const items = message.items.map((item) => ({ ...item, ...Object.fromEntries(same.filter(([key]) => Object.hasOwn(item, key))) }));
    // The fields were exchanged for others of the same name and type.
    return { from: found.to, message: { ...message, items } as unknown as Message };
  }
}
