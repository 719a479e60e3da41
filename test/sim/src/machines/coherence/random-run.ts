import { HOME } from '@pagewire/protocol';
import type { PlayOptions } from '../../layer.js';
import { Checks } from '../checks.js';
import { Deaths } from '../deaths.js';
import type { MachineRun } from '../machine-layer.js';
import { Network } from '../network.js';
import { RuleBroken } from '../rule-broken.js';
import { Story } from '../story.js';
import type { Watch } from '../watch.js';
import { World } from '../world.js';
import { tellingAll, type WorldEvents } from '../world-events.js';
import { Accesses, FAR_AWAY } from './accesses.js';
import { Ghosts } from './ghosts.js';
import { Leaving } from './leaving.js';
import { drawMix, type Mix } from './mix.js';
import { Moves } from './moves.js';

/** The incarnation of the last reader: no step gives this number. */
const READER = 4095;

/**
 * Real agents and a real home under a seed's own mix of accesses, pins, releases, deaths and delays. First everything may happen; then faults stop, and
 * everything that was begun must end (I6) and leave nothing behind.
 */
export class RandomRun implements MachineRun {
  readonly mix: Mix;
  readonly world: World;
  readonly #ghosts: Ghosts;
  readonly #checks: Checks;
  readonly #accesses: Accesses;
  readonly #deaths: Deaths;
  readonly #leaving: Leaving;
  readonly #network: Network;
  readonly #story: Story;
  readonly #moves: Moves;

  constructor(
    readonly seed: number,
    readonly options: PlayOptions = {},
    watch?: Watch,
  ) {
    this.mix = drawMix(seed);
    this.#story = new Story(options.trace === true);
    this.world = new World(this.mix.pages, tellingAll([this.#story.events, watch?.events ?? {}, this.#judges()]), this.mix.home);
    watch?.attach(this.world, this.mix.home);
    this.#ghosts = new Ghosts(this.world);
    this.#checks = new Checks(this.world);
    this.#accesses = new Accesses(this.world, this.#ghosts);
    this.#network = new Network(this.world, seed, this.mix.slowLinks);
    this.#leaving = new Leaving(this.world, this.#ghosts, this.#accesses);
    this.#deaths = new Deaths(this.world, this.#network, this.#story, this.mix.cuts, {
      crashed: (node) => {
        this.#leaving.forget(node);
        this.#accesses.drop(node);
        this.#accesses.forgetPins(node);
      },
      beforeLost: (dead) => this.#ghosts.undo(dead),
    });
    const parts = { seed, mix: this.mix, world: this.world, network: this.#network, ghosts: this.#ghosts, accesses: this.#accesses };
    this.#moves = new Moves({ ...parts, deaths: this.#deaths, leaving: this.#leaving, story: this.#story });
  }

  get events(): number {
    return this.world.steps;
  }

  get trace(): readonly string[] {
    return this.#story.lines;
  }

  get counts(): Readonly<Record<string, number>> {
    return { ...this.#accesses.counts, ...this.#leaving.counts, ...this.#deaths.counts, ...this.#moves.counts, ...this.#ghosts.counts };
  }

  run(): void {
    const { nodes, pages, steps } = this.mix;
    this.#story.note(`seed ${this.seed}: nodes ${Array.from({ length: nodes }, (_, at) => at + 1)}, ${pages} pages, ${steps} steps`);
    for (let n = 1; n <= nodes; n += 1) this.world.join(n);
    for (let step = 0; step < steps; step += 1) {
      if (this.options.without?.has(step) === true) continue;
      this.#moves.play(step);
      this.#leaving.letGo();
    }
    this.#finish();
  }

  /** Whatever the machines do is judged at once. */
  #judges(): WorldEvents {
    return {
      beforeAgent: (node, input) => this.#checks.before(node, input),
      afterAgent: () => this.#checks.after(),
      beforeHome: (input) => {
        this.#checks.before(HOME, input);
        if (input.kind === 'message' && !this.world.lost.has(input.from)) this.#ghosts.given(input.message);
      },
      afterHome: (input) => {
        this.#checks.after();
        if (input.kind === 'tick') this.#checks.queueTimes(this.mix.home.queueTimeoutMs);
        if (input.kind !== 'message' && input.kind !== 'member-lost') return;
        for (const page of this.#moves.pages()) {
          this.#checks.holders(page);
          this.#ghosts.stood(page);
        }
      },
      agentEffect: (node, effect) => {
        this.#checks.effect(effect.kind);
        if (effect.kind === 'violation') throw new RuleBroken('violation', `node ${node.id} accuses ${effect.from}: ${effect.what}`);
        if (effect.kind === 'permit') {
          this.#checks.holders(effect.page);
          this.#accesses.permitted(node, effect.page);
        }
        if (effect.kind === 'fail') {
          const { code, page } = effect;
          this.#accesses.failed(node, page, code, this.#checks.isTold(page, code));
        }
      },
      homeEffect: (effect) => {
        this.#checks.effect(effect.kind);
        if (effect.kind === 'violation') throw new RuleBroken('violation', `the home accuses node ${effect.from}: ${effect.what}`);
        if (effect.kind === 'lost') this.#ghosts.lose(effect.page);
        if (effect.kind === 'ignored' && effect.what === 'report' && effect.page !== undefined) this.#ghosts.notGiven(effect.page);
      },
      sent: (flight) => {
        this.#checks.sent(flight);
        const { message, to } = flight;
        if (message.kind !== 'grant' || to === HOME) return;
        for (const item of message.items) if (item.right === 'exclusive') this.#ghosts.granted(item, to);
      },
      diedInStep: (node) => {
        for (const page of node.frames.keys()) this.#ghosts.diedInstalling(node, page);
        this.#deaths.diedInStep(node);
      },
    };
  }

  /** The finish: no more faults. Everyone must get what it asked for, and nothing may stay behind. */
  #finish(): void {
    this.#story.note('finish: no more faults');
    this.#network.heal();
    this.#deaths.endAll();
    while (this.#accesses.unpin());
    this.world.settle();
    this.#leaving.endAll();
    this.#checkAtRest();
    const reader = this.world.join(READER);
    for (const region of this.world.regions.keys()) this.world.open(reader, region);
    this.#accesses.begin(reader, this.#moves.pages(), 'read', FAR_AWAY);
    this.world.settle();
    this.#checkAtRest();
    for (const { alive, id, agent } of this.world.nodes.values()) {
      if (alive && agent.confirmedUpTo !== agent.lastExclusive) throw new RuleBroken('I6', `node ${id} waits for a confirmation`);
    }
    if (this.mix.deletedAtEnd) for (const region of [...this.world.regions.keys()]) this.world.deleteRegion(region);
    else this.#giveAllBack();
    this.world.settle();
    this.#checkEmpty();
  }

  #checkAtRest(): void {
    this.#accesses.checkNoneWaits();
    this.#checks.allAnswered();
    const { busy } = this.world.home.status().pages;
    if (busy > 0) throw new RuleBroken('I6', `${busy} pages are still busy`);
  }

  #giveAllBack(): void {
    const pages = this.#moves.pages();
    for (const node of this.world.nodes.values()) if (node.alive) this.world.toAgent(node, { kind: 'evict', pages });
  }

  #checkEmpty(): void {
    for (const { alive, id, agent } of this.world.nodes.values()) {
      if (alive && agent.heldPages > 0) throw new RuleBroken('leak', `node ${id} keeps ${agent.heldPages} pages after giving up all`);
    }
    const { shared, exclusive, busy } = this.world.home.status().pages;
    if (shared + exclusive + busy > 0) throw new RuleBroken('leak', 'the home records holders when there are none');
  }
}
