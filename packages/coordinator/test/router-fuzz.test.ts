import { type Message, pageId, type RegionRecord } from '@pagewire/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fuzzed } from '../../../test/fuzz/fuzzing.js';
import { type Aim, aimAt, mostly, requests, type Shot, syncRequests, toHome } from '../../protocol/test/aimed-messages.js';
import { type FarEnd, noCounters, RouterBench } from './router-bench.js';

const file = 'packages/coordinator/test/router-fuzz.test.ts';

/** Two healthy nodes, and a region of theirs that nobody asks for. */
class Bench {
  readonly router = new RouterBench();
  readonly healthy: readonly FarEnd[];
  readonly #grid: RegionRecord;
  readonly #names = ['h1', 'evil', 'grid', 'other'];
  #hostile: FarEnd | undefined;
  #speaker: FarEnd;

  constructor() {
    this.#grid = this.router.region('grid');
    this.healthy = ['h1', 'h2'].map((name) => this.router.node(name));
    this.#speaker = this.router.link('client');
  }

  get incarnations(): readonly number[] {
    return this.healthy.map((end) => end.incarnation);
  }

  /** From now on another link speaks: one of a client, of an admin, of a node that joins, or of one that does not. */
  connect(role: 'client' | 'admin' | 'node' | 'silent'): void {
    // One hostile node at a time: several could outvote the healthy ones about who cannot reach whom.
    if (role === 'node' || role === 'silent') this.#hostile?.cut();
    if (role === 'node') this.#hostile = this.router.node('evil');
    else if (role === 'silent') this.#hostile = this.router.link('node', 'evil');
    this.#speaker = role === 'client' || role === 'admin' ? this.router.link(role) : (this.#hostile ?? this.#speaker);
  }

  say(shot: Shot): void {
    const { region } = this.#grid;
    const aim: Aim = {
      pages: [0, 1, 2].map((index) => pageId(region, index)),
      regions: [region],
      members: [...this.incarnations, 1, 2, 3, 4],
      names: this.#names,
      pageBytes: this.#grid.pageBytes,
    };
    // What was aimed is a message of the same protocol; its types are those of the sources, and the compiler sees those of the build here.
    this.#speaker.say(aimAt(aim, shot) as unknown as Message);
  }

  /** Time passes, and the healthy nodes renew. */
  pass(ms: number): void {
    this.router.tick(this.router.now + ms);
    for (const end of this.healthy) end.say({ kind: 'renew', sentAt: this.router.now, counters: noCounters });
  }
}

const said = mostly(...toHome, ...syncRequests, ...requests, 'renew', 'suspect', 'join', 'leave');
const step = fc.oneof(
  { weight: 12, arbitrary: said.map((shot) => ({ does: 'say', shot }) as const) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('client', 'admin', 'node', 'node', 'silent').map((role) => ({ does: 'connect', role }) as const),
  },
  { weight: 2, arbitrary: fc.constantFrom(100, 1000).map((ms) => ({ does: 'pass', ms }) as const) },
);

it('a router takes any messages over any links, in any order: it throws nothing, and healthy nodes stay members', () => {
  const runCase = (steps: (typeof step extends fc.Arbitrary<infer T> ? T : never)[]): void => {
    const bench = new Bench();
    const before = bench.incarnations;
    for (const one of steps) {
      if (one.does === 'say') bench.say(one.shot);
      else if (one.does === 'connect') bench.connect(one.role);
      else bench.pass(one.ms);
    }
    bench.pass(1000);
    bench.pass(1000);
    const live = bench.router.status().nodes.filter(({ state }) => state === 'live');
    expect(live.map(({ incarnation }) => incarnation)).toEqual(expect.arrayContaining([...before]));
    expect(bench.healthy.flatMap((end) => end.received.filter(({ kind }) => kind === 'expelled' || kind === 'failed'))).toEqual([]);
    expect(bench.router.status().nodes.length).toBeLessThanOrEqual(8);
    expect(JSON.stringify(bench.router.status()).length).toBeGreaterThan(0);
  };
  fc.assert(fc.property(fc.array(step, { maxLength: 60, size: 'max' }), runCase), fuzzed({ file, runs: 250 }));
});
