import {
  AddressWait,
  type PageId,
  type Right,
  type SyncReply,
  type SyncRequest,
  type Version,
  type WaitEffect,
  type WaitOutcome,
  type WaitReply,
} from '@pagewire/protocol';
import type { World } from './world.js';
import type { WorldNode } from './world-node.js';

// `Omit` over a union keeps only the fields that all its members share, so it is applied to each.
type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
/** A request that has a number of its own, before it has it. */
export type NewRequest = WithoutId<Exclude<SyncRequest, { kind: 'cancel' | 'give-back' }>>;

/** A wait under way: `id` is the number of its latest registration. */
export interface PeerWait {
  readonly machine: AddressWait;
  readonly page: PageId;
  readonly expected: number;
  id: number | undefined;
}

/** What a peer needs of whoever plays it. */
export interface PeerPorts {
  /** The wait wants to see its page: `looked` is to be called as soon as it may be read. */
  look(wait: PeerWait): void;
  ended(wait: PeerWait, outcome: WaitOutcome): void;
}

/**
 * What a node does about synchronization: numbers its requests, keeps each until every exclusive grant before it is confirmed (rule 7), in
 * order, and drives its waits.
 */
export class SyncPeer {
  readonly waits = new Set<PeerWait>();
  readonly #byId = new Map<number, PeerWait>();
  #lastId = 0;
  #queue: { readonly message: SyncRequest; readonly gate: number }[] = [];

  constructor(
    readonly world: World,
    readonly node: WorldNode,
    readonly ports: PeerPorts,
  ) {}

  ask(request: NewRequest): number {
    this.#lastId += 1;
    // A request is whole with its number, which the spread of a union does not say.
    this.say({ ...request, id: this.#lastId } as SyncRequest);
    return this.#lastId;
  }

  say(message: SyncRequest): void {
    this.#queue.push({ message, gate: this.node.agent.lastExclusive });
    this.flush();
  }

  /** Sends what may be sent; to be called whenever a grant was confirmed. */
  flush(): void {
    for (;;) {
      const [first] = this.#queue;
      if (first === undefined || first.gate > this.node.agent.confirmedUpTo) return;
      this.#queue.shift();
      this.world.request(this.node, first.message);
    }
  }

  wait(page: PageId, expected: number): PeerWait {
    const wait: PeerWait = { machine: new AddressWait(), page, expected, id: undefined };
    this.waits.add(wait);
    this.#look(wait);
    return wait;
  }

  /** The page may be read now, with `value` in it. */
  looked(wait: PeerWait, value: number, held: { readonly right: Right; readonly version: Version } | undefined): void {
    if (held === undefined) throw new Error(`node ${this.node.id} looks at page ${wait.page} without a right`);
    this.#perform(wait, wait.machine.step({ kind: 'looked', equal: value === wait.expected, ...held }));
  }

  expire(wait: PeerWait): void {
    this.#perform(wait, wait.machine.step({ kind: 'expired' }));
  }

  stop(wait: PeerWait, why: Exclude<WaitOutcome, string>): void {
    this.#perform(wait, wait.machine.step({ kind: 'stop', why }));
  }

  /** True when the reply was about a wait. */
  replied(reply: SyncReply): boolean {
    const wait = this.#byId.get(reply.id);
    if (wait === undefined) return false;
    // A number that belongs to a wait is answered with what answers waits.
    this.#perform(wait, wait.machine.step({ kind: 'reply', reply: reply as WaitReply }));
    return true;
  }

  #look(wait: PeerWait): void {
    if (this.node.frame(wait.page).right === 'none') this.#perform(wait, wait.machine.step({ kind: 'parked' }));
    if (this.waits.has(wait)) this.ports.look(wait);
  }

  #perform(wait: PeerWait, effects: readonly WaitEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'look') {
        this.#look(wait);
      } else if (effect.kind === 'register') {
        wait.id = this.ask({ kind: 'wait', page: wait.page, offset: 0, version: effect.version });
        this.#byId.set(wait.id, wait);
      } else if (effect.kind === 'cancel') {
        if (wait.id !== undefined) this.say({ kind: 'cancel', id: wait.id });
      } else {
        this.waits.delete(wait);
        this.ports.ended(wait, effect.outcome);
      }
    }
  }
}
