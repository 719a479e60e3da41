import { HOME } from '@pagewire/protocol';
import type { Deaths } from '../deaths.js';
import { Draws, FINISH_PART } from '../draws.js';
import type { Network } from '../network.js';
import { showFlight } from '../notation.js';
import type { Story } from '../story.js';
import type { SyncPeer } from '../sync-peer.js';
import type { World } from '../world.js';
import type { WorldNode } from '../world-node.js';
import { type Holdings, PERMITS } from './holdings.js';
import type { Action, Mix } from './mix.js';
import { FLAG, NEWS, type PageUses } from './page-uses.js';

const MOST_NODES = 10;
const MOST_WAITS_PER_NODE = 3;
/** Who comes to the barrier before it passes. */
export const PARTIES = 2;
/** Behind those that a run starts with. */
const FIRST_NEW_INCARNATION = 10;

/** What plays a run, together. */
export interface Parts {
  readonly seed: number;
  readonly mix: Mix;
  readonly world: World;
  readonly network: Network;
  readonly story: Story;
  readonly deaths: Deaths;
  readonly uses: PageUses;
  readonly holdings: Holdings;
  peer(node: WorldNode): SyncPeer;
}

const nodeNumber = ({ id }: WorldNode): number => id;

/**
 * What one step does, drawn from its own numbers. Whoever stores to the flag has somebody notify all: itself, or the first who reads the news that it
 * leaves on another page, or somebody it tells behind the protocol's back.
 */
export class SyncMoves {
  /** Nodes that have stored, and die before they notify. */
  readonly #doomed = new Set<WorldNode>();
  readonly #draws: Draws;
  #notifiesLeft: number;
  #step = 0;
  /** The last value stored to the flag. */
  #value = 0;
  #newsSeen = 0;
  readonly counts = { steps: 0, pauses: 0, left: 0, joins: 0 };

  constructor(readonly parts: Parts) {
    this.#draws = new Draws(parts.seed, FINISH_PART);
    this.#notifiesLeft = parts.mix.notifies;
  }

  play(step: number): void {
    this.#step = step;
    this.#draws.seek(step);
    this.counts.steps += 1;
    const action = this.#draws.weighted(this.parts.mix.weights);
    this.parts.deaths.keepAppointments(step);
    this.endDoomed();
    if (action === 'deliver') this.#deliver();
    else this.#act(action);
  }

  /** Those that were to die once their stores were seen. */
  endDoomed(): void {
    for (const doomed of this.#doomed) this.#seeAndDie(doomed);
  }

  get living(): WorldNode[] {
    return [...this.parts.world.nodes.values()].filter(({ alive }) => alive);
  }

  #tell(what: string, node?: WorldNode): void {
    this.parts.story.step(this.#step, what, node);
  }

  #deliver(): void {
    const { network, story, world } = this.parts;
    const flight = network.next(this.#draws, this.#step);
    if (flight === undefined) return;
    if (story.asked) this.#tell(`deliver ${showFlight(flight)}`);
    world.deliver(flight.from, flight.to);
  }

  #act(action: Exclude<Action, 'deliver'>): void {
    const { deaths, network, world } = this.parts;
    const draws = this.#draws;
    const incarnation = FIRST_NEW_INCARNATION + this.#step;
    if (action === 'declare-lost') {
      this.#tell(action);
      deaths.declareLost();
    } else if (action === 'join' || action === 'rejoin') {
      if (world.nodes.size >= MOST_NODES) return;
      this.#tell(`${action} as ${incarnation}`);
      if (action === 'rejoin') return deaths.rejoin(incarnation, { announced: draws.chance(0.5) });
      this.counts.joins += 1;
      world.join(incarnation);
    } else {
      const node = draws.pick(
        this.living.filter((one) => !network.isPaused(one, this.#step)),
        nodeNumber,
      );
      if (node === undefined) return;
      this.#tell(action, node);
      if (!this.#fate(node, action)) this.#program(node, action);
    }
  }

  /** What befalls a node. The last one goes only unasked. */
  #fate(node: WorldNode, action: Action): boolean {
    const { deaths, network } = this.parts;
    const draws = this.#draws;
    const isLast = this.living.length === 1;
    switch (action) {
      case 'crash':
        if (!isLast) deaths.crash(node, draws.word());
        return true;
      case 'crash-in-step':
        if (!isLast) deaths.crashInStep(node, draws);
        return true;
      case 'isolate':
        if (!isLast) deaths.isolate(node, draws, this.#step);
        return true;
      case 'leave':
        if (!isLast) this.#leave(node);
        return true;
      case 'pause':
        this.counts.pauses += 1;
        network.pause(node, this.#step + draws.between(20, 100));
        return true;
      default:
        return false;
    }
  }

  #program(node: WorldNode, action: Action): void {
    const { holdings } = this.parts;
    const peer = this.parts.peer(node);
    const draws = this.#draws;
    switch (action) {
      case 'lock':
        return holdings.ask(node, peer.ask({ kind: 'lock', name: 'lock' }), 'lock');
      case 'take': {
        const count = draws.between(1, PERMITS);
        return holdings.ask(node, peer.ask({ kind: 'take-permits', name: 'pool', permits: PERMITS, count }), 'pool', count);
      }
      case 'arrive':
        return holdings.ask(node, peer.ask({ kind: 'arrive', name: 'step', parties: PARTIES }), 'step');
      case 'cancel':
        return this.cancel(
          node,
          draws.pick(holdings.asked(node), (id) => id),
        );
      case 'give-back':
        return this.giveBack(
          node,
          draws.pick(holdings.held(node), (id) => id),
        );
      default:
        return this.#onFlag(node, action);
    }
  }

  /** What is done about the flag. */
  #onFlag(node: WorldNode, action: Action): void {
    const peer = this.parts.peer(node);
    switch (action) {
      case 'wait':
        return this.#wait(node);
      case 'expire': {
        const wait = this.#draws.pick(peer.waits, ({ id }) => id ?? 0);
        if (wait !== undefined) peer.expire(wait);
        return;
      }
      case 'store-and-notify':
        return this.#store(node, () => void peer.ask({ kind: 'notify', page: FLAG, offset: 0 }));
      case 'store-and-tell':
        return this.#store(node, () => this.#leaveNews(node));
      case 'store-and-shout':
        return this.#store(node, () => this.#shout());
      case 'store-and-die':
        if (this.living.length > 1) this.#store(node, () => void this.#doomed.add(node));
        return;
      case 'wait-and-tell':
        // Behind a wait on this very node, at the same version where it holds the page.
        this.#wait(node);
        return this.#store(node, () => this.#leaveNews(node));
      case 'signal':
        if (this.#notifiesLeft === 0) return;
        this.#notifiesLeft -= 1;
        peer.ask({ kind: 'notify', page: FLAG, offset: 0, count: 1 });
        return;
      default:
        return;
    }
  }

  #wait(node: WorldNode): void {
    const peer = this.parts.peer(node);
    if (node.alive && peer.waits.size < MOST_WAITS_PER_NODE) peer.wait(FLAG, this.#value);
  }

  /** Stores a value that no other store has, and then has somebody notify. */
  #store(node: WorldNode, then: () => void): void {
    if (this.#notifiesLeft === 0) return;
    this.#notifiesLeft -= 1;
    const run = (): void => {
      this.#value += 1;
      node.frame(FLAG).value = this.#value;
      then();
    };
    this.parts.uses.begin({ node, page: FLAG, right: 'exclusive', run });
  }

  /** Leaves the news for whoever reads it first, who is to notify. */
  #leaveNews(node: WorldNode): void {
    const run = (): void => {
      node.frame(NEWS).value = this.#value;
    };
    this.parts.uses.begin({ node, page: NEWS, right: 'exclusive', run });
    const reader = this.living.find((other) => other !== node);
    if (reader !== undefined) this.readNews(reader);
  }

  readNews(node: WorldNode): void {
    const run = (): void => {
      const news = node.frame(NEWS).value;
      if (news <= this.#newsSeen) return;
      this.#newsSeen = news;
      this.parts.peer(node).ask({ kind: 'notify', page: FLAG, offset: 0 });
    };
    this.parts.uses.begin({ node, page: NEWS, right: 'readonly', run });
  }

  /** Another node hears of the store by a way that the protocol knows nothing of, and notifies at once. */
  #shout(): void {
    const other = this.living.at(-1);
    if (other !== undefined) this.parts.peer(other).ask({ kind: 'notify', page: FLAG, offset: 0 });
  }

  /** Its store survives it: another node has read it. */
  #seeAndDie(doomed: WorldNode): void {
    const { deaths, uses, world } = this.parts;
    this.#doomed.delete(doomed);
    if (!doomed.alive) return;
    const reader = this.living.find((node) => node !== doomed);
    // The last one lives, and does what it owes.
    if (reader === undefined) return void this.parts.peer(doomed).ask({ kind: 'notify', page: FLAG, offset: 0 });
    uses.begin({ node: reader, page: FLAG, right: 'readonly', run: () => {} });
    const path = [
      [reader.id, HOME],
      [HOME, doomed.id],
      [doomed.id, HOME],
    ] as const;
    for (const [from, to] of path) while (world.deliver(from, to) !== undefined);
    if (doomed.alive) deaths.crash(doomed, this.#draws.word());
  }

  cancel(node: WorldNode, id: number | undefined): void {
    if (id !== undefined) this.parts.peer(node).say({ kind: 'cancel', id });
  }

  giveBack(node: WorldNode, id: number | undefined): void {
    if (id === undefined) return;
    this.parts.holdings.giveUp(node, id);
    this.parts.peer(node).say({ kind: 'give-back', id });
  }

  /**
   * With a goodbye, whatever it was about to do: it may have stored and not notified, or a wake-up may be on its way to it. It mostly takes the time
   * to give its pages back; what others hold up goes with it.
   */
  #leave(node: WorldNode): void {
    const { uses, world } = this.parts;
    const peer = this.parts.peer(node);
    uses.take(node);
    for (const wait of peer.waits) peer.stop(wait, { code: 'closed', message: 'closed' });
    const rounds = this.#draws.below(5);
    for (let round = 0; round < rounds && node.alive; round += 1) {
      world.settle();
      if (node.alive) world.toAgent(node, { kind: 'evict', pages: [...node.agent.holdings()] });
    }
    if (rounds > 0) world.settle();
    if (!node.alive) return;
    this.counts.left += 1;
    world.leave(node.id, { cut: false });
  }
}
