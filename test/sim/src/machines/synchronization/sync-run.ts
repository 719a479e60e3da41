import { type ErrorCode, HOME, limits, type PageId, type WaitOutcome } from '@pagewire/protocol';
import type { PlayOptions } from '../../layer.js';
import { Checks } from '../checks.js';
import { Deaths } from '../deaths.js';
import type { MachineRun } from '../machine-layer.js';
import { Network } from '../network.js';
import { RuleBroken } from '../rule-broken.js';
import { Story } from '../story.js';
import { SyncPeer } from '../sync-peer.js';
import type { Watch } from '../watch.js';
import { World } from '../world.js';
import { tellingAll, type WorldEvents } from '../world-events.js';
import { REGION, type WorldNode } from '../world-node.js';
import { Holdings } from './holdings.js';
import { drawMix, type Mix } from './mix.js';
import { FLAG, NEWS, PageUses } from './page-uses.js';
import { PARTIES, SyncMoves } from './sync-moves.js';
import { TableChecks } from './table-checks.js';

/** The incarnation of one who comes when all are dead: no step gives this number. */
const JUDGE = 4095;

/**
 * Random schedules of real agents, a real home and a real table: nodes store, notify, wait, lock, arrive, leave and die. A wait that sleeps on a value
 * that has changed, a lock that two hold, and anything that does not end, is a failure.
 */
export class SyncRun implements MachineRun {
  readonly mix: Mix;
  readonly world: World;
  readonly #checks: Checks;
  readonly #network: Network;
  readonly #deaths: Deaths;
  readonly #uses: PageUses;
  readonly #holdings: Holdings;
  readonly #table = new TableChecks(PARTIES);
  readonly #moves: SyncMoves;
  readonly #story: Story;
  readonly #peers = new Map<WorldNode, SyncPeer>();
  readonly #counts = { woken: 0, changed: 0, expired: 0, regionsDeleted: 0 };

  constructor(
    readonly seed: number,
    readonly options: PlayOptions = {},
    watch?: Watch,
  ) {
    const mix = drawMix(seed);
    const story = new Story(options.trace === true);
    const world = new World(2, tellingAll([story.events, watch?.events ?? {}, this.#judges()]));
    watch?.attach(world, limits);
    this.#checks = new Checks(world);
    this.#network = new Network(world, seed, mix.slowLinks);
    this.#uses = new PageUses(world);
    this.#holdings = new Holdings(world);
    this.#deaths = new Deaths(world, this.#network, story, mix.cuts, {
      crashed: (node) => void this.#uses.take(node),
      beforeLost: () => {},
    });
    const parts = { seed, mix, world, network: this.#network, story, deaths: this.#deaths, uses: this.#uses, holdings: this.#holdings };
    this.#moves = new SyncMoves({ ...parts, peer: (node) => this.#peer(node) });
    this.mix = mix;
    this.world = world;
    this.#story = story;
  }

  get events(): number {
    return this.world.steps;
  }

  get trace(): readonly string[] {
    return this.#story.lines;
  }

  get counts(): Readonly<Record<string, number>> {
    return { ...this.#counts, ...this.#holdings.counts, ...this.#table.counts, ...this.#deaths.counts, ...this.#moves.counts };
  }

  run(): void {
    const { nodes, steps } = this.mix;
    this.#story.note(`seed ${this.seed}: nodes ${Array.from({ length: nodes }, (_, at) => at + 1)}, ${steps} steps`);
    for (let n = 1; n <= nodes; n += 1) this.world.join(n);
    for (let step = 0; step < steps; step += 1) if (this.options.without?.has(step) !== true) this.#moves.play(step);
    this.#finish();
  }

  /** Whatever the machines do is judged at once. */
  #judges(): WorldEvents {
    return {
      beforeAgent: (node, input) => this.#checks.before(node, input),
      afterAgent: () => this.#checks.after(),
      beforeHome: (input) => this.#checks.before(HOME, input),
      afterHome: () => this.#checks.after(),
      sent: (flight) => this.#checks.sent(flight),
      beforeTable: (input) => this.#table.before(input),
      tableEffect: (effect) => this.#table.effect(effect),
      replied: (node, reply) => {
        if (this.#peer(node).replied(reply) || reply.kind === 'notified' || reply.kind === 'given-back') return;
        this.#holdings.replied(node, reply);
      },
      agentEffect: (node, effect) => {
        this.#checks.effect(effect.kind);
        if (effect.kind === 'violation') throw new RuleBroken('violation', `node ${node.id} accuses ${effect.from}: ${effect.what}`);
        if (effect.kind === 'permit') {
          this.#checks.holders(effect.page);
          this.#uses.permitted(node, effect.page);
        }
        if (effect.kind === 'fail') this.#failed(node, effect.page, effect.code);
        if (effect.kind === 'confirmed') this.#peer(node).flush();
      },
      homeEffect: (effect) => {
        this.#checks.effect(effect.kind);
        if (effect.kind === 'violation') throw new RuleBroken('violation', `the home accuses node ${effect.from}: ${effect.what}`);
      },
      diedInStep: (node) => this.#deaths.diedInStep(node),
    };
  }

  /** The page died with a node, or its region is gone. */
  #failed(node: WorldNode, page: PageId, code: ErrorCode): void {
    const failed = this.#uses.take(node, page);
    const peer = this.#peer(node);
    // Where the news cannot be left, the one who has it notifies.
    if (page === NEWS && failed.some(({ right }) => right === 'exclusive')) peer.ask({ kind: 'notify', page: FLAG, offset: 0 });
    if (page !== FLAG) return;
    const why = { code, message: code };
    for (const wait of peer.waits) peer.stop(wait, why);
  }

  #peer(node: WorldNode): SyncPeer {
    const known = this.#peers.get(node);
    if (known !== undefined) return known;
    const peer = new SyncPeer(this.world, node, {
      look: (wait) => {
        const run = (): void => peer.looked(wait, node.frame(FLAG).value, node.agent.heldAt(FLAG));
        this.#uses.begin({ node, page: FLAG, right: 'readonly', run });
      },
      ended: (_wait, outcome) => this.#ended(outcome),
    });
    this.#peers.set(node, peer);
    return peer;
  }

  #ended(outcome: WaitOutcome): void {
    if (outcome === 'ok') this.#counts.woken += 1;
    if (outcome === 'not-equal') this.#counts.changed += 1;
    if (outcome === 'timed-out') this.#counts.expired += 1;
  }

  /** Everybody does what it owes; then nothing may be left over. */
  #finish(): void {
    this.#story.note('finish: no more faults');
    const { world } = this;
    this.#network.heal();
    this.#deaths.endAll();
    if (this.#moves.living.length === 0) world.join(JUDGE);
    world.settle();
    this.#moves.endDoomed();
    this.#deaths.endAll();
    world.settle();
    for (const node of this.#moves.living) this.#moves.readNews(node);
    world.settle();
    this.#checkNobodySleeps();
    if (this.mix.deletedAtEnd) this.#deleteRegion();
    this.#endAll();
    this.#checkAllEnded();
  }

  /** A wait that goes on must see the value that it expects: every store was followed by a notify, or its node died. */
  #checkNobodySleeps(): void {
    const [reader] = this.#moves.living;
    if (reader === undefined) return;
    let value: number | undefined;
    const run = (): void => {
      value = reader.frame(FLAG).value;
    };
    this.#uses.begin({ node: reader, page: FLAG, right: 'readonly', run });
    this.world.settle();
    for (const node of this.#moves.living) {
      for (const { expected, id } of this.#peer(node).waits) {
        if (value === undefined || expected === value) continue;
        throw new RuleBroken('wake-up', `wait #${id} of node ${node.id} sleeps on ${expected}; the value is ${value}: a wake-up was lost`);
      }
    }
  }

  /** Whoever waits on the region is told that it is gone. */
  #deleteRegion(): void {
    this.#counts.regionsDeleted += 1;
    this.world.deleteRegion(REGION);
    this.world.settle();
    const sleepers = this.#moves.living.filter((node) => this.#peer(node).waits.size > 0);
    if (sleepers.length > 0) throw new RuleBroken('I6', `nodes ${sleepers.map(({ id }) => id)} wait on a region that is gone`);
  }

  #endAll(): void {
    for (const node of this.#moves.living) {
      for (const wait of this.#peer(node).waits) this.#peer(node).expire(wait);
      for (const id of this.#holdings.arrivals(node)) this.#moves.cancel(node, id);
    }
    this.world.settle();
    // What is given back lets others in, who give back in their turn.
    for (let round = 0; round <= this.mix.steps; round += 1) {
      const holders = this.#moves.living.filter((node) => this.#holdings.held(node).length > 0);
      if (holders.length === 0) break;
      for (const node of holders) this.#moves.giveBack(node, this.#holdings.held(node)[0]);
      this.world.settle();
    }
  }

  #checkAllEnded(): void {
    const { living } = this.#moves;
    const { openRequests } = this.world.table;
    if (openRequests > 0) throw new RuleBroken('I6', `${openRequests} requests did not end`);
    const asked = living.filter((node) => this.#holdings.asked(node).length > 0);
    if (asked.length > 0) throw new RuleBroken('I6', `nodes ${asked.map(({ id }) => id)} were not answered`);
    this.#checks.allAnswered();
    const waiting = living.filter((node) => this.#peer(node).waits.size > 0);
    if (waiting.length > 0) throw new RuleBroken('I6', `nodes ${waiting.map(({ id }) => id)} still wait`);
    if (this.world.busyLinks().some(([from, to]) => from === HOME || to === HOME)) throw new RuleBroken('I6', 'messages are left');
    const { woken } = this.#counts;
    const { wokenByTable } = this.#table.counts;
    const nobodyWent = this.world.lost.size === 0 && !this.mix.deletedAtEnd;
    if (nobodyWent && woken !== wokenByTable)
      throw new RuleBroken('wake-up', `${wokenByTable} waits were woken, and ${woken} of them know`);
  }
}
