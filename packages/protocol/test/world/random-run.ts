import { HOME, type Incarnation, millis, type PageId, type Right } from '../../src/index.js';
import { World, type WorldNode, worldPage } from './world.js';

/** What a random run may do, each with a weight; each seed draws its own weights (swarm testing). */
const actions = ['deliver', 'read', 'write', 'pin', 'unpin', 'evict', 'trim', 'leave', 'crash', 'declare-lost', 'join', 'tick'] as const;
type Action = (typeof actions)[number];

/** A small generator with good statistics: Bob Jenkins' sfc32 as given by Chris Doty-Humphrey (PractRand). */
export function sfc32(seed: number): () => number {
  let a = seed | 0;
  let b = 0x9e3779b9;
  let c = 0x243f6a88;
  let d = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i += 1) next();
  return next;
}

interface Ghost {
  /** The last value written, by anyone. */
  value: number;
  /** The value before the newest exclusive grant: what is reinstated if its holder dies unconfirmed. */
  before: number;
  writer: Incarnation | undefined;
  /** The writer's right has been taken back: its next exclusive grant is another one. */
  ended: boolean;
  /** The home was told to drop its bytes at least once. */
  trimmed: boolean;
  lost: boolean;
}

export interface RunReport {
  readonly steps: number;
  readonly reads: number;
  readonly writes: number;
  readonly crashes: number;
  readonly leaves: number;
  readonly lostPages: number;
}

/** Plays `steps` random actions, then lets faults stop and everything finish. Throws on the first broken rule. */
export class RandomRun {
  readonly world: World;
  readonly #random: () => number;
  readonly #ghosts: Ghost[];
  readonly #weights: Record<Action, number>;
  readonly #pins: { node: WorldNode; page: PageId; right: Right }[] = [];
  readonly #dying: Incarnation[] = [];
  /** Nodes that give everything back and then go: they start no more accesses. */
  readonly #leaving = new Set<WorldNode>();
  /** Nodes that hold nothing any more and have said goodbye, behind everything else that they told the home. */
  readonly #saidGoodbye = new Set<WorldNode>();
  readonly #wants = new Map<string, { node: WorldNode; page: PageId; right: Right }>();
  /** Who wrote each value; values rise with time. */
  readonly #authors = new Map<number, Incarnation>();
  /** For a dead node, its first write that was undone: nothing it wrote later may be seen (rule 7). */
  readonly #undone = new Map<Incarnation, number>();
  /** How often each link stays idle when it could deliver: some are slow for a whole run. */
  readonly #laziness = new Map<string, number>();
  readonly log: string[] = [];
  #joined = 0;
  #values = 0;
  #reads = 0;
  #writes = 0;
  #crashes = 0;
  #leaves = 0;
  #lost = 0;

  constructor(
    readonly seed: number,
    readonly steps: number,
  ) {
    this.#random = sfc32(seed);
    const pages = 1 + Math.floor(this.#random() * 3);
    this.#ghosts = Array.from({ length: pages }, () => ({
      value: 0,
      before: 0,
      writer: undefined,
      ended: false,
      trimmed: false,
      lost: false,
    }));
    const w = (most: number): number => (this.#random() < 0.25 ? 0 : this.#random() * most);
    this.#weights = {
      deliver: 4 + w(20),
      read: 1 + w(4),
      write: 1 + w(4),
      pin: w(2),
      unpin: 0.3 + w(2),
      evict: w(2),
      trim: w(2),
      leave: w(0.3),
      crash: w(0.3),
      'declare-lost': 0.05 + w(1),
      join: w(0.3),
      tick: w(0.3),
    };
    this.world = new World(pages, {
      agentEffect: (node, effect) => {
        this.log.push(`  node ${node.id}: ${JSON.stringify(effect)}`);
        if (effect.kind === 'violation') this.#broken(`node ${node.id} accuses ${effect.from}: ${effect.what}`);
        if (effect.kind === 'revoke' || effect.kind === 'protect') this.#rightEnded(node, effect.page);
        if (effect.kind === 'permit') this.#permitted(node, effect.page);
        if (effect.kind === 'fail') this.#failed(node, effect.page, effect.code);
      },
      homeEffect: (effect) => {
        if (effect.kind !== 'send') this.log.push(`  home: ${JSON.stringify(effect)}`);
        if (effect.kind === 'violation') this.#broken(`home accuses ${effect.from}: ${effect.what}`);
        if (effect.kind === 'lost') this.#lostPage(effect.page);
      },
      sent: ({ from, to, message }) => this.log.push(`  ${from} > ${to}: ${JSON.stringify(message)}`),
    });
    const nodes = 2 + Math.floor(this.#random() * 3);
    for (let i = 0; i < nodes; i += 1) this.#join();
  }

  run(): RunReport {
    for (let i = 0; i < this.steps; i += 1) {
      this.#act(this.#choose());
      this.#letGo();
    }
    this.#finish();
    const lostPages = this.#ghosts.filter((ghost) => ghost.lost).length;
    return { steps: this.steps, reads: this.#reads, writes: this.#writes, crashes: this.#crashes, leaves: this.#leaves, lostPages };
  }

  #choose(): Action {
    let total = 0;
    for (const action of actions) total += this.#weights[action];
    let at = this.#random() * total;
    for (const action of actions) {
      at -= this.#weights[action];
      if (at < 0) return action;
    }
    return 'deliver';
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }

  #act(action: Action): void {
    const node = this.#pick([...this.world.nodes.values()].filter(({ alive }) => alive));
    const page = worldPage(Math.floor(this.#random() * this.#ghosts.length));
    this.log.push(`${action} node ${node?.id} page ${page}`);
    if (action === 'deliver') return this.#deliver();
    if (action === 'declare-lost') return this.#declareLost();
    if (action === 'join') return this.world.nodes.size < 12 ? this.#join() : undefined;
    if (action === 'unpin') return this.#unpin();
    if (action === 'trim') return this.#trim(page);
    if (node === undefined) return;
    if (action === 'crash') return this.#crash(node);
    if (this.#leaving.has(node)) return this.#giveBack(node);
    if (action === 'leave') return this.#leave(node);
    if (action === 'read') return this.#access(node, page, 'readonly');
    if (action === 'write') return this.#access(node, page, 'exclusive');
    if (action === 'pin') return this.#pin(node, page);
    if (action === 'evict') return this.world.toAgent(node, { kind: 'evict', pages: [page] });
    this.world.toHome({ kind: 'tick' });
    this.world.toAgent(node, { kind: 'tick' });
  }

  #trim(page: PageId): void {
    this.#ghost(page).trimmed = true;
    this.world.toHome({ kind: 'trim', pages: [page] });
  }

  #join(): void {
    this.#joined += 1;
    this.world.join(this.#joined);
  }

  #deliver(): void {
    const link = this.#pick(this.world.busyLinks());
    if (link === undefined) return;
    const key = `${link[0]}>${link[1]}`;
    let laziness = this.#laziness.get(key);
    if (laziness === undefined) {
      laziness = this.#random() < 0.3 ? this.#random() : 0;
      this.#laziness.set(key, laziness);
    }
    if (this.#random() >= laziness) this.world.deliver(link[0], link[1]);
  }

  #crash(node: WorldNode): void {
    this.#crashes += 1;
    this.world.crash(node.id);
    this.#dying.push(node.id);
    this.#leaving.delete(node);
    this.#saidGoodbye.delete(node);
    for (const [key, want] of this.#wants) if (want.node === node) this.#wants.delete(key);
    for (let i = this.#pins.length - 1; i >= 0; i -= 1) if (this.#pins[i]?.node === node) this.#pins.splice(i, 1);
  }

  /** The sequence of a node that leaves in good order: no more accesses, no pins, give back until nothing is held, say goodbye. */
  #leave(node: WorldNode): void {
    this.#leaves += 1;
    this.#leaving.add(node);
    for (const [key, want] of this.#wants) if (want.node === node) this.#wants.delete(key);
    for (let i = this.#pins.length - 1; i >= 0; i -= 1) if (this.#pins[i]?.node === node) this.#unpinAt(i);
    this.#giveBack(node);
  }

  #giveBack(node: WorldNode): void {
    if (this.#saidGoodbye.has(node)) return;
    this.world.toAgent(node, { kind: 'evict', pages: [...node.agent.holdings()] });
    if (node.agent.heldPages === 0) this.#saidGoodbye.add(node);
  }

  /** A goodbye arrives behind everything that its node told the home before; what it told its peers may be cut off with their links. */
  #letGo(): void {
    for (const node of this.#saidGoodbye) {
      if (this.world.isOnItsWay(node.id, HOME)) continue;
      this.#saidGoodbye.delete(node);
      this.#leaving.delete(node);
      const lost = this.#lost;
      this.log.push(`node ${node.id} has left`);
      this.world.leave(node.id, { cut: this.#random() < 0.5 });
      if (this.#lost > lost) this.#broken(`a page is lost because node ${node.id} left in good order (I8)`);
    }
  }

  #declareLost(): void {
    const dead = this.#dying.shift();
    if (dead === undefined) return;
    // A grant that the home has not confirmed is undone: what its holder wrote was seen by nobody.
    for (const [index, ghost] of this.#ghosts.entries()) {
      if (ghost.writer !== dead) continue;
      if (this.#isUnconfirmed(worldPage(index), dead) && ghost.value !== ghost.before) {
        this.#undone.set(dead, Math.min(ghost.value, this.#undone.get(dead) ?? Number.POSITIVE_INFINITY));
        ghost.value = ghost.before;
      }
      ghost.writer = undefined;
    }
    this.world.declareLost(dead);
  }

  /** True when `member` wrote under a grant of which the home has not heard `acquired`. Holders of a busy page end with its requester. */
  #isUnconfirmed(page: PageId, member: Incarnation): boolean {
    const { home } = this.world;
    const state = this.world.node(member).agent.stateOf(page);
    const wrote = state === 'exclusive' || state === 'releasing';
    return wrote && home.stateOf(page) === 'busy' && home.holdersOf(page).at(-1) === member;
  }

  #access(node: WorldNode, page: PageId, right: Right): void {
    const held = node.frame(page).right;
    if (held === 'exclusive' || held === right) return this.#use(node, page, right);
    this.#wants.set(`${node.id}/${page}/${right}`, { node, page, right });
    this.world.toAgent(node, { kind: 'fault', pages: [page], right, deadline: millis(Number.POSITIVE_INFINITY) });
  }

  /** Every access that waits for the right is done at once; the others fault again. */
  #permitted(node: WorldNode, page: PageId): void {
    this.#checkRights(page);
    const { right: held } = node.frame(page);
    const ghost = this.#ghost(page);
    if (held === 'exclusive' && (ghost.writer !== node.id || ghost.ended)) {
      ghost.before = ghost.value;
      ghost.writer = node.id;
      ghost.ended = false;
      // Nobody waits for it any more. A write all the same gives this grant a value of its own, which tells its bytes from older ones.
      if (this.#leaving.has(node)) return this.#use(node, page, 'exclusive');
    }
    for (const right of ['readonly', 'exclusive'] as const) {
      const key = `${node.id}/${page}/${right}`;
      if (!this.#wants.has(key)) continue;
      this.#wants.delete(key);
      this.#access(node, page, right);
    }
  }

  #rightEnded(node: WorldNode, page: PageId): void {
    const ghost = this.#ghost(page);
    if (ghost.writer === node.id) ghost.ended = true;
  }

  #failed(node: WorldNode, page: PageId, code: string): void {
    if (code === 'page-lost' && !this.#ghost(page).lost) this.#broken(`node ${node.id} is told that page ${page} is lost, and it is not`);
    this.#wants.delete(`${node.id}/${page}/readonly`);
    this.#wants.delete(`${node.id}/${page}/exclusive`);
  }

  #use(node: WorldNode, page: PageId, right: Right): void {
    const frame = node.frame(page);
    const ghost = this.#ghost(page);
    if (frame.value !== ghost.value)
      this.#broken(`node ${node.id} reads ${frame.value} of page ${page}; the last write was ${ghost.value} (I2)`);
    const author = this.#authors.get(frame.value);
    if (author !== undefined && frame.value > (this.#undone.get(author) ?? Number.POSITIVE_INFINITY)) {
      this.#broken(`node ${node.id} sees a write of node ${author} that came after one that was undone (rule 7)`);
    }
    if (right === 'readonly') {
      this.#reads += 1;
      return;
    }
    this.#writes += 1;
    this.#values += 1;
    frame.value = this.#values;
    ghost.value = this.#values;
    this.#authors.set(this.#values, node.id);
  }

  #pin(node: WorldNode, page: PageId): void {
    const { right } = node.frame(page);
    if (right === 'none' || this.#pins.length > 4) return;
    this.#pins.push({ node, page, right });
    this.world.toAgent(node, { kind: 'pin', page, right });
  }

  #unpin(): void {
    if (this.#pins.length > 0) this.#unpinAt(0);
  }

  #unpinAt(index: number): void {
    const [pin] = this.#pins.splice(index, 1);
    if (pin === undefined) return;
    const { right } = pin.node.frame(pin.page);
    if (right !== 'exclusive' && right !== pin.right) this.#broken(`a pin of page ${pin.page} on node ${pin.node.id} was not honoured`);
    this.world.toAgent(pin.node, { kind: 'unpin', page: pin.page, right: pin.right });
  }

  /** I1: one exclusive holder and no other, among the living. I7: the home knows every holder. */
  #checkRights(page: PageId): void {
    const holders = [...this.world.nodes.values()].filter((node) => node.alive && node.frame(page).right !== 'none');
    const exclusive = holders.filter((node) => node.frame(page).right === 'exclusive');
    if (exclusive.length > 0 && holders.length > 1) this.#broken(`page ${page} is held by ${holders.map((node) => node.id)} (I1)`);
    const known = this.world.home.holdersOf(page);
    for (const node of holders)
      if (!known.includes(node.id)) this.#broken(`home does not know that node ${node.id} holds page ${page} (I7)`);
  }

  /** I8: a page is lost only when its newest bytes died with a node, and nobody alive has them. Values are unique, so they tell. */
  #lostPage(page: PageId): void {
    const ghost = this.#ghost(page);
    const having = [...this.world.nodes.values()].filter((node) => node.frame(page).value === ghost.value);
    // What was given back and then trimmed counts on the sharers that are left, whatever still lies in the giver's frame.
    const gaveBack = (node: WorldNode): boolean => ghost.trimmed && node.agent.stateOf(page).startsWith('releasing');
    const living = having.filter((node) => node.alive && !gaveBack(node) && (ghost.value !== 0 || node.frame(page).right !== 'none'));
    if (living.length > 0) this.#broken(`page ${page} is declared lost, but ${living.map((node) => node.id)} has its bytes (I8)`);
    // A holder may have written under a grant that died with it: then its frame has newer bytes than the last that count.
    const held = (node: WorldNode): boolean => node.frame(page).right !== 'none' || node.agent.stateOf(page).startsWith('releasing');
    const diedHolding = [...this.world.nodes.values()].some((node) => !node.alive && held(node));
    if (having.length === 0 && !diedHolding) this.#broken(`page ${page} is declared lost, but nobody died with its bytes (I8)`);
    ghost.lost = true;
    this.#lost += 1;
  }

  #ghost(page: PageId): Ghost {
    const ghost = this.#ghosts[page % 2 ** 32];
    if (ghost === undefined) throw new Error(`no page ${page}`);
    return ghost;
  }

  /** Liveness: no more faults; everyone must get what it asked for (I6), and nothing may stay behind. */
  #finish(): void {
    this.log.push('finish');
    while (this.#dying.length > 0) this.#declareLost();
    while (this.#pins.length > 0) this.#unpin();
    this.world.settle();
    for (const node of this.#leaving) this.#goodbye(node);
    if (this.#wants.size > 0) this.#broken(`accesses are stuck: ${[...this.#wants.keys()].join(' ')} (I6)`);
    if (this.world.home.status().pages.busy > 0) this.#broken('a page is still busy');
    this.#joined += 1;
    const reader = this.world.join(this.#joined);
    for (const index of this.#ghosts.keys()) this.#access(reader, worldPage(index), 'readonly');
    this.world.settle();
    if (this.#wants.size > 0) this.#broken('a last reader is stuck (I6)');
    for (const node of this.world.nodes.values()) {
      if (node.alive && node.agent.confirmedUpTo !== node.agent.lastExclusive) this.#broken(`node ${node.id} waits for a confirmation`);
    }
    this.#everyoneLeaves();
  }

  /** Everybody else is done: nothing can hold up one that leaves for longer than its requests and releases take. */
  #goodbye(node: WorldNode): void {
    for (let round = 0; round < 4 && !this.#saidGoodbye.has(node); round += 1) {
      this.#giveBack(node);
      this.world.settle();
    }
    this.#letGo();
    if (node.alive) this.#broken(`node ${node.id} cannot leave: it still has ${node.agent.heldPages} pages`);
  }

  #everyoneLeaves(): void {
    const pages = [...this.#ghosts.keys()].map(worldPage);
    for (const node of this.world.nodes.values()) if (node.alive) this.world.toAgent(node, { kind: 'evict', pages });
    this.world.settle();
    for (const node of this.world.nodes.values()) {
      if (node.alive && node.agent.heldPages > 0) this.#broken(`node ${node.id} keeps ${node.agent.heldPages} pages after giving up all`);
    }
    const { shared, exclusive, busy } = this.world.home.status().pages;
    if (shared + exclusive + busy > 0) this.#broken('the home records holders when there are none');
  }

  #broken(what: string): never {
    throw new Error(`seed ${this.seed}: ${what}\n${this.log.slice(-120).join('\n')}`);
  }
}
