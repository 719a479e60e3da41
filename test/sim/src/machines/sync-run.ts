import { HOME, type Incarnation, millis, type PageId, type SyncEffect, type SyncReply, type WaitOutcome } from '@pagewire/protocol';
import { Draws } from './draws.js';
import { type PeerWait, SyncPeer } from './sync-peer.js';
import { World } from './world.js';
import { type WorldNode, worldPage } from './world-node.js';

/** What a run may do, each with a weight; each seed draws its own weights. */
const actions = [
  'deliver',
  'wait',
  'expire',
  'store-and-notify',
  'store-and-tell',
  'store-and-shout',
  'store-and-die',
  'wait-and-tell',
  'signal',
  'lock',
  'take',
  'cancel',
  'give-back',
  'arrive',
  'crash',
  'declare-lost',
  'leave',
  'join',
] as const;
type Action = (typeof actions)[number];

/** Waited on and stored to. */
const FLAG = worldPage(0);
/** Where a node tells others that it has stored to the flag. */
const NEWS = worldPage(1);

/** Something a node does as soon as it may use a page. */
interface Access {
  readonly node: WorldNode;
  readonly page: PageId;
  readonly right: 'readonly' | 'exclusive';
  run(): void;
}

export interface SyncReport {
  woken: number;
  changed: number;
  expired: number;
  crashes: number;
  left: number;
  obtained: number;
  abandoned: number;
  passed: number;
  broken: number;
}

/**
 * Random schedules of real agents, a real home and a real table: nodes store, notify, wait, lock, arrive, leave and die. Whoever stores to the flag has
 * somebody notify all: itself, or the first who reads the news that it leaves on another page, or somebody it tells behind the protocol's back.
 * Throws when a wait sleeps on a value that has changed, two hold one lock, or anything does not end.
 */
export class SyncRun {
  readonly world: World;
  readonly report: SyncReport = { woken: 0, changed: 0, expired: 0, crashes: 0, left: 0, obtained: 0, abandoned: 0, passed: 0, broken: 0 };
  readonly log: string[] = [];
  readonly #random: () => number;
  readonly #weights = new Map<Action, number>();
  readonly #peers = new Map<WorldNode, SyncPeer>();
  readonly #waiting: Access[] = [];
  readonly #dying: Incarnation[] = [];
  /** What each node asked for by name and was not answered yet, and what it holds. */
  readonly #asked = new Map<WorldNode, Set<number>>();
  readonly #held = new Map<WorldNode, Map<number, string>>();
  readonly #names = new Map<string, string>();
  /** How often a link passes its turn over: some are slow for a whole run. */
  readonly #laziness = new Map<string, number>();
  /** Few stores and signals, so that a wake-up that was lost is not made up for by a later one. */
  #notifiesLeft: number;
  /** Nodes that have stored, and die before they notify. */
  readonly #doomed = new Set<WorldNode>();
  #lastToken = 0;
  #wokenSinceNotified = 0;
  #value = 0;
  #newsSeen = 0;
  #wokenByTable = 0;

  constructor(
    readonly seed: number,
    readonly steps: number,
  ) {
    const draws = new Draws(seed, 0);
    this.#random = () => draws.fraction();
    this.#notifiesLeft = 1 + Math.floor(this.#random() * 5);
    for (const action of actions) this.#weights.set(action, this.#random() < 0.25 ? 0 : this.#random() * 3);
    this.#weights.set('deliver', 6 + this.#random() * 20);
    this.#weights.set('wait', 1 + this.#random() * 3);
    for (const rare of ['crash', 'leave', 'join'] as const) this.#weights.set(rare, (this.#weights.get(rare) ?? 0) / 12);
    this.world = new World(2, {
      agentEffect: (node, effect) => {
        if (effect.kind === 'violation') this.#broken(`node ${node.id} accuses ${effect.from}: ${effect.what}`);
        if (effect.kind === 'permit') this.#permitted(node, effect.page);
        if (effect.kind === 'fail') this.#failed(node, effect.page);
        if (effect.kind === 'confirmed') this.#peer(node).flush();
      },
      homeEffect: (effect) => {
        if (effect.kind === 'violation') this.#broken(`home accuses ${effect.from}: ${effect.what}`);
      },
      tableEffect: (effect) => this.#tableEffect(effect),
      replied: (node, reply) => this.#replied(node, reply),
      sent: ({ from, to, message }) => this.log.push(`  ${from} > ${to}: ${JSON.stringify(message)}`),
    });
    for (let n = 1; n <= 2 + Math.floor(this.#random() * 3); n += 1) this.world.join(n);
  }

  run(): SyncReport {
    for (let step = 0; step < this.steps; step += 1) this.#act(this.#choose());
    this.#finish();
    return this.report;
  }

  #choose(): Action {
    const total = [...this.#weights.values()].reduce((sum, weight) => sum + weight, 0);
    let at = this.#random() * total;
    for (const [action, weight] of this.#weights) {
      at -= weight;
      if (at < 0) return action;
    }
    return 'deliver';
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }

  get #living(): WorldNode[] {
    return [...this.world.nodes.values()].filter(({ alive }) => alive);
  }

  #act(action: Action): void {
    for (const doomed of this.#doomed) this.#seeAndDie(doomed);
    const node = this.#pick(this.#living);
    this.log.push(`${action} node ${node?.id}`);
    if (action === 'deliver') return this.#deliver();
    if (action === 'declare-lost') return this.#declareLost();
    if (action === 'join') return void (this.world.nodes.size < 10 && this.world.join(this.world.nodes.size + 1));
    // Somebody stays, so that the run can be judged.
    if (node === undefined || ((action === 'crash' || action === 'leave') && this.#living.length === 1)) return;
    this.#nodeActs(node, action);
  }

  #nodeActs(node: WorldNode, action: Exclude<Action, 'deliver' | 'declare-lost' | 'join'>): void {
    const peer = this.#peer(node);
    const wait = this.#pick([...peer.waits]);
    switch (action) {
      case 'wait':
        if (peer.waits.size < 3) peer.wait(FLAG, this.#value);
        return;
      case 'expire':
        if (wait !== undefined) peer.expire(wait);
        return;
      case 'store-and-notify':
        return this.#store(node, () => void peer.ask({ kind: 'notify', page: FLAG, offset: 0 }));
      case 'store-and-tell':
        return this.#store(node, () => this.#tell(node));
      case 'store-and-shout':
        return this.#store(node, () => this.#shout());
      case 'store-and-die':
        if (this.#living.length > 1) this.#store(node, () => void this.#doomed.add(node));
        return;
      case 'wait-and-tell':
        // Behind a wait on this very node, at the same version where it holds the page.
        if (peer.waits.size < 3) peer.wait(FLAG, this.#value);
        return this.#store(node, () => this.#tell(node));
      case 'signal':
        if (this.#notifiesLeft === 0) return;
        this.#notifiesLeft -= 1;
        peer.ask({ kind: 'notify', page: FLAG, offset: 0, count: 1 });
        return;
      case 'lock':
        return this.#ask(node, peer.ask({ kind: 'lock', name: 'lock' }), 'lock');
      case 'take':
        return this.#ask(
          node,
          peer.ask({ kind: 'take-permits', name: 'pool', permits: 3, count: 1 + Math.floor(this.#random() * 3) }),
          'pool',
        );
      case 'arrive':
        return this.#ask(node, peer.ask({ kind: 'arrive', name: 'step', parties: 2 }), 'step');
      case 'cancel':
        return this.#cancel(node, this.#pick([...this.#sets(this.#asked, node)]));
      case 'give-back':
        return this.#giveBack(node, this.#pick([...this.#holdings(node).keys()]));
      case 'crash':
        return this.#crash(node);
      case 'leave':
        return this.#leave(node);
    }
  }

  #deliver(): void {
    const link = this.#pick(this.world.busyLinks());
    if (link === undefined) return;
    const key = `${link[0]}>${link[1]}`;
    const laziness = this.#laziness.get(key) ?? (this.#random() < 0.4 ? this.#random() : 0);
    this.#laziness.set(key, laziness);
    if (this.#random() >= laziness) this.world.deliver(link[0], link[1]);
  }

  /** Stores a value that no other store has, and then has somebody notify. */
  #store(node: WorldNode, then: () => void): void {
    if (this.#notifiesLeft === 0) return;
    this.#notifiesLeft -= 1;
    this.#access({
      node,
      page: FLAG,
      right: 'exclusive',
      run: () => {
        this.#value += 1;
        node.frame(FLAG).value = this.#value;
        then();
      },
    });
  }

  /** Leaves the news for whoever reads it first, who is to notify. */
  #tell(node: WorldNode): void {
    this.#access({
      node,
      page: NEWS,
      right: 'exclusive',
      run: () => {
        node.frame(NEWS).value = this.#value;
      },
    });
    const reader = this.#pick(this.#living.filter((other) => other !== node));
    if (reader !== undefined) this.#readNews(reader);
  }

  #readNews(node: WorldNode): void {
    this.#access({
      node,
      page: NEWS,
      right: 'readonly',
      run: () => {
        const news = node.frame(NEWS).value;
        if (news <= this.#newsSeen) return;
        this.#newsSeen = news;
        this.#peer(node).ask({ kind: 'notify', page: FLAG, offset: 0 });
      },
    });
  }

  /** Another node hears of the store by a way that the protocol knows nothing of, and notifies at once. */
  #shout(): void {
    const other = this.#pick(this.#living);
    if (other !== undefined) this.#peer(other).ask({ kind: 'notify', page: FLAG, offset: 0 });
  }

  /** Its store survives it: another node has read it. */
  #seeAndDie(doomed: WorldNode): void {
    this.#doomed.delete(doomed);
    const reader = this.#living.find((node) => node !== doomed);
    if (!doomed.alive) return;
    // The last one lives, and does what it owes.
    if (reader === undefined) return void this.#peer(doomed).ask({ kind: 'notify', page: FLAG, offset: 0 });
    this.#access({ node: reader, page: FLAG, right: 'readonly', run: () => {} });
    for (const [from, to] of [
      [reader.id, HOME],
      [HOME, doomed.id],
      [doomed.id, HOME],
    ] as const) {
      while (this.world.deliver(from, to) !== undefined);
    }
    this.#crash(doomed);
  }

  #access(access: Access): void {
    const { node, page, right, run } = access;
    const held = node.frame(page).right;
    if (held === 'exclusive' || held === right) return run();
    this.#waiting.push(access);
    this.world.toAgent(node, { kind: 'fault', pages: [page], right, deadline: millis(Number.POSITIVE_INFINITY) });
  }

  #takeWaiting(node: WorldNode, page?: PageId): Access[] {
    const taken = this.#waiting.filter((access) => access.node === node && (page === undefined || access.page === page));
    const rest = this.#waiting.filter((access) => !taken.includes(access));
    this.#waiting.splice(0, this.#waiting.length, ...rest);
    return taken;
  }

  #permitted(node: WorldNode, page: PageId): void {
    for (const access of this.#takeWaiting(node, page)) this.#access(access);
  }

  /** The page died with a node. */
  #failed(node: WorldNode, page: PageId): void {
    const failed = this.#takeWaiting(node, page);
    // Where the news cannot be left, the one who has it notifies.
    const teller = page === NEWS && failed.some(({ right }) => right === 'exclusive');
    if (teller) this.#peer(node).ask({ kind: 'notify', page: FLAG, offset: 0 });
    if (page === FLAG) for (const wait of this.#peer(node).waits) this.#peer(node).stop(wait, { code: 'page-lost', message: 'lost' });
  }

  #peer(node: WorldNode): SyncPeer {
    let peer = this.#peers.get(node);
    if (peer === undefined) {
      const made = new SyncPeer(this.world, node, {
        look: (wait) =>
          this.#access({
            node,
            page: FLAG,
            right: 'readonly',
            run: () => made.looked(wait, node.frame(FLAG).value, node.agent.heldAt(FLAG)),
          }),
        ended: (_wait: PeerWait, outcome: WaitOutcome) => {
          if (outcome === 'ok') this.report.woken += 1;
          if (outcome === 'not-equal') this.report.changed += 1;
          if (outcome === 'timed-out') this.report.expired += 1;
        },
      });
      peer = made;
      this.#peers.set(node, peer);
    }
    return peer;
  }

  #sets(sets: Map<WorldNode, Set<number>>, node: WorldNode): Set<number> {
    const set = sets.get(node) ?? new Set();
    sets.set(node, set);
    return set;
  }

  #holdings(node: WorldNode): Map<number, string> {
    const held = this.#held.get(node) ?? new Map<number, string>();
    this.#held.set(node, held);
    return held;
  }

  #ask(node: WorldNode, id: number, name: string): void {
    this.#sets(this.#asked, node).add(id);
    this.#names.set(`${node.id}#${id}`, name);
  }

  #cancel(node: WorldNode, id: number | undefined): void {
    if (id !== undefined) this.#peer(node).say({ kind: 'cancel', id });
  }

  #giveBack(node: WorldNode, id: number | undefined): void {
    if (id === undefined) return;
    this.#holdings(node).delete(id);
    this.#peer(node).say({ kind: 'give-back', id });
  }

  #tableEffect(effect: SyncEffect): void {
    if (effect.kind !== 'send') this.log.push(`  table: ${JSON.stringify(effect)}`);
    if (effect.kind === 'violation') this.#broken(`the table accuses ${effect.from}: ${effect.what}`);
    if (effect.kind === 'abandoned') this.report.abandoned += 1;
    if (effect.kind === 'broken') this.report.broken += 1;
    if (effect.kind !== 'send') return;
    const { message } = effect;
    if (message.kind === 'woken') {
      this.#wokenByTable += 1;
      this.#wokenSinceNotified += 1;
    }
    if (message.kind === 'notified') {
      if (message.woken !== this.#wokenSinceNotified) this.#broken(`${this.#wokenSinceNotified} were woken, not ${message.woken}`);
      this.#wokenSinceNotified = 0;
    }
    if (message.kind === 'obtained') {
      if (message.token <= this.#lastToken) this.#broken(`token ${message.token} after ${this.#lastToken}`);
      this.#lastToken = message.token;
    }
  }

  #replied(node: WorldNode, reply: SyncReply): void {
    if (this.#peer(node).replied(reply) || reply.kind === 'notified' || reply.kind === 'given-back') return;
    this.#sets(this.#asked, node).delete(reply.id);
    if (reply.kind === 'passed') this.report.passed += 1;
    if (reply.kind !== 'obtained') return;
    this.report.obtained += 1;
    const name = this.#names.get(`${node.id}#${reply.id}`) ?? '';
    this.#holdings(node).set(reply.id, name);
    const holders = [...this.#held].filter(([{ alive }, held]) => alive && [...held.values()].includes('lock'));
    const locks = holders.flatMap(([, held]) => [...held.values()].filter((held) => held === 'lock'));
    if (locks.length > 1) this.#broken(`the lock is held by ${holders.map(([{ id }]) => id)}`);
  }

  #crash(node: WorldNode): void {
    this.report.crashes += 1;
    this.world.crash(node.id);
    this.#dying.push(node.id);
    this.#takeWaiting(node);
  }

  /**
   * With a goodbye, whatever it was about to do: it may have stored and not notified, or a wake-up may be on its way to it. It mostly takes the time
   * to give its pages back; what others hold up goes with it.
   */
  #leave(node: WorldNode): void {
    const peer = this.#peer(node);
    this.#takeWaiting(node);
    for (const wait of peer.waits) peer.stop(wait, { code: 'closed', message: 'closed' });
    const rounds = Math.floor(this.#random() * 5);
    for (let round = 0; round < rounds; round += 1) {
      this.world.settle();
      this.world.toAgent(node, { kind: 'evict', pages: [...node.agent.holdings()] });
    }
    if (rounds > 0) this.world.settle();
    this.report.left += 1;
    this.world.leave(node.id, { cut: false });
  }

  #declareLost(): void {
    const dead = this.#dying.shift();
    if (dead !== undefined) this.world.declareLost(dead);
  }

  /** Everybody does what it owes; then nothing may be left over. */
  #finish(): void {
    this.log.push('finish');
    while (this.#dying.length > 0) this.#declareLost();
    this.world.settle();
    for (const doomed of this.#doomed) this.#seeAndDie(doomed);
    while (this.#dying.length > 0) this.#declareLost();
    this.world.settle();
    for (const node of this.#living) this.#readNews(node);
    this.world.settle();
    this.#checkNobodySleeps();
    this.#endAll();
    if (this.world.table.openRequests > 0) this.#broken(`${this.world.table.openRequests} requests did not end`);
    const asked = this.#living.filter((node) => this.#sets(this.#asked, node).size > 0);
    if (asked.length > 0) this.#broken(`nodes ${asked.map(({ id }) => id)} were not answered`);
    const waits = this.#living.filter((node) => this.#peer(node).waits.size > 0);
    if (waits.length > 0) this.#broken(`nodes ${waits.map(({ id }) => id)} still wait`);
    if (this.report.crashes + this.report.left === 0 && this.report.woken !== this.#wokenByTable) {
      this.#broken(`${this.#wokenByTable} waits were woken, and ${this.report.woken} of them know`);
    }
  }

  /** A wait that goes on must see the value that it expects: every store was followed by a notify, or its node died. */
  #checkNobodySleeps(): void {
    const reader = this.#living[0];
    if (reader === undefined) return this.#broken('nobody is left');
    let value: number | undefined;
    this.#access({
      node: reader,
      page: FLAG,
      right: 'readonly',
      run: () => {
        value = reader.frame(FLAG).value;
      },
    });
    this.world.settle();
    for (const node of this.#living) {
      for (const { expected, id } of this.#peer(node).waits) {
        if (value !== undefined && expected !== value)
          this.#broken(`wait #${id} of node ${node.id} sleeps on ${expected}; the value is ${value}: a wake-up was lost`);
      }
    }
  }

  #endAll(): void {
    for (const node of this.#living) {
      for (const wait of this.#peer(node).waits) this.#peer(node).expire(wait);
      for (const id of this.#sets(this.#asked, node)) if (this.#names.get(`${node.id}#${id}`) === 'step') this.#cancel(node, id);
    }
    this.world.settle();
    for (let round = 0; round < this.steps; round += 1) {
      for (const node of this.#living) this.#giveBack(node, [...this.#holdings(node).keys()][0]);
      this.world.settle();
    }
    if (this.world.busyLinks().some(([from, to]) => from === HOME || to === HOME)) this.#broken('messages are left');
  }

  #broken(what: string): never {
    throw new Error(`seed ${this.seed}: ${what}\n${this.log.slice(-150).join('\n')}`);
  }
}
