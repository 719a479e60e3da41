import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fuzzed } from '../../../test/fuzz/fuzzing.js';
import { Agent } from '../src/agent/agent.js';
import { HOME } from '../src/agent/agent-io.js';
import { Home } from '../src/home/home.js';
import { type Incarnation, incarnation, millis, type PageId, pageId, type Right, regionId } from '../src/ids.js';
import { limits } from '../src/limits.js';
import type { PageMessage } from '../src/messages.js';
import { SyncTable } from '../src/sync/sync-table.js';
import { type Aim, aimAt, fromHome, LatelySaid, type Shot, shotsOf, syncRequests, toHome } from './aimed-messages.js';

const file = 'packages/protocol/test/machines-fuzz.test.ts';
const regions = [regionId(1), regionId(2)];
const PAGES = 2;
const PAGE_BYTES = 64;
const pages = regions.flatMap((region) => Array.from({ length: PAGES }, (_, index) => pageId(region, index)));
/** The last one is never a member. */
const nodes = [1, 2, 3, 9].map(incarnation);
const aim: Aim = { pages: [...pages, pageId(regionId(7), 0)], regions, members: nodes, names: ['a', 'b'], pageBytes: PAGE_BYTES };

const node = fc.constantFrom(...nodes);
const region = fc.constantFrom(...regions);
const page = fc.constantFrom(...pages);
const right = fc.constantFrom<Right>('readonly', 'exclusive');
const coherence = shotsOf(...toHome, ...fromHome, 'page', 'invalidated');
const sync = shotsOf(...syncRequests);
const heard = (from: fc.Arbitrary<unknown>, shot: fc.Arbitrary<Shot>) => fc.record({ kind: fc.constant('message'), from, shot });

/** What a machine did, if it did not throw: an effect of a kind that drivers know. */
function checkEffects(effects: readonly { readonly kind: string }[], known: ReadonlySet<string>): void {
  expect(effects.map(({ kind }) => kind).filter((kind) => !known.has(kind))).toEqual([]);
}

/** Lengths of the pages in a message that are no pages of these regions. */
const pageLengths = (message: PageMessage): number[] =>
  message.items
    .map((item) => ('content' in item ? item.content : undefined))
    .filter((content) => content instanceof Uint8Array)
    .map(({ length }) => length)
    .filter((length) => length !== PAGE_BYTES);

const homeEffects = new Set(['send', 'lost', 'ignored', 'violation']);
const homeStep = fc.oneof(
  { weight: 40, arbitrary: heard(node, shotsOf(...toHome)) },
  { weight: 2, arbitrary: heard(node, coherence) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('member-joined'), member: fc.constantFrom(...nodes.slice(0, 3)) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('member-lost'), member: node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('region-created'), region }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('region-deleted'), region }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim'), pages: fc.array(page, { maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tick'), afterMs: fc.constantFrom(1, 10_000) }) },
);

it('a home takes any messages of members and strangers, in any order: it throws nothing, and keeps no more than its pages', () => {
  const runCase = (steps: readonly { readonly kind: string }[]): void => {
    const home = new Home({ maxQueuedPerPage: 4 });
    const said = new LatelySaid();
    let now = 1000;
    const tell = (input: unknown): void => {
      const effects = home.step(millis(now), input as Parameters<Home['step']>[1]);
      checkEffects(effects, homeEffects);
      said.note(effects);
      for (const effect of effects) if (effect.kind === 'send') expect(pageLengths(effect.message)).toEqual([]);
    };
    for (const member of nodes.slice(0, 3)) tell({ kind: 'member-joined', member });
    for (const one of regions) tell({ kind: 'region-created', region: one, pageCount: PAGES, pageBytes: PAGE_BYTES });
    const exist = new Set<number>(regions);
    for (const step of steps) {
      // Each step was generated with the fields of its kind.
      const {
        kind,
        region: where,
        from,
        shot,
        afterMs,
      } = step as { kind: string; region: number; from: Incarnation; shot: Shot; afterMs: number };
      // A coordinator never gives a region's number twice; here a driver creates each at most while it does not exist.
      if (kind === 'region-created' && exist.has(where)) continue;
      if (kind === 'region-created') exist.add(where);
      if (kind === 'region-deleted') exist.delete(where);
      if (kind === 'tick') now += afterMs;
      if (kind === 'message') tell({ kind, ...said.answered(from, aimAt(aim, shot), shot) });
      else if (kind === 'region-created') tell({ kind, region: where, pageCount: PAGES, pageBytes: PAGE_BYTES });
      else tell(step);
    }
    const { pages: counts, storedBytes } = home.status();
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(pages.length);
    expect(storedBytes).toBeLessThanOrEqual(pages.length * PAGE_BYTES);
  };
  fc.assert(fc.property(fc.array(homeStep, { maxLength: 80, size: 'max' }), runCase), fuzzed({ file, runs: 400 }));
});

const agentEffects = new Set([
  ...['send', 'stage', 'permit', 'protect', 'revoke', 'forget', 'snapshot', 'fail', 'evicted', 'confirmed', 'ignored', 'violation'],
]);
const peer = fc.oneof({ weight: 4, arbitrary: fc.constant(HOME) }, { weight: 2, arbitrary: node });
const agentStep = fc.oneof(
  { weight: 16, arbitrary: heard(fc.constant(HOME), shotsOf(...fromHome)) },
  { weight: 4, arbitrary: heard(node, shotsOf('page', 'invalidated')) },
  { weight: 1, arbitrary: heard(peer, coherence) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('fault'), pages: fc.array(page, { minLength: 1, maxLength: 3 }), right }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pin'), page, right }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unpin') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('evict'), pages: fc.array(page, { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('region-deleted'), region }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tick'), afterMs: fc.constantFrom(1, 10_000) }) },
);

interface Pinned {
  readonly page: PageId;
  readonly right: Right;
}

it('an agent takes any messages of its home and of others, in any order: it throws nothing, and keeps no more than it was asked for', () => {
  const runCase = (steps: readonly { readonly kind: string }[]): void => {
    const agent = new Agent();
    const said = new LatelySaid();
    let now = 1000;
    const tell = (input: unknown) => {
      const effects = agent.step(millis(now), input as Parameters<Agent['step']>[1]);
      checkEffects(effects, agentEffects);
      said.note(effects);
      return effects;
    };
    for (const one of regions) tell({ kind: 'region-opened', region: one, pageBytes: PAGE_BYTES });
    const deleted = new Set<number>();
    let pins: Pinned[] = [];
    const isThere = (one: PageId): boolean => !deleted.has(Math.floor(one / 2 ** 32));
    for (const step of steps) {
      // Each step was generated with the fields of its kind.
      const given = step as {
        kind: string;
        page: PageId;
        pages: PageId[];
        right: Right;
        region: number;
        from: Incarnation;
        shot: Shot;
        afterMs: number;
      };
      switch (given.kind) {
        case 'message':
          // What the home does wrong fences the node: its agent is asked no more.
          if (
            tell({ kind: 'message', ...said.answered(given.from, aimAt(aim, given.shot), given.shot) }).some(
              (effect) => effect.kind === 'violation' && effect.from === HOME,
            )
          )
            return;
          break;
        case 'fault':
          tell({ kind: 'fault', pages: given.pages.filter(isThere), right: given.right, deadline: millis(now + 5000) });
          break;
        case 'pin': {
          const held = agent.heldAt(given.page)?.right;
          if (held === undefined || (given.right === 'exclusive' && held === 'readonly')) break;
          tell({ kind: 'pin', page: given.page, right: given.right });
          pins.push(given);
          break;
        }
        case 'unpin': {
          const pinned = pins.pop();
          if (pinned !== undefined) tell({ kind: 'unpin', page: pinned.page, right: pinned.right });
          break;
        }
        case 'region-deleted':
          deleted.add(given.region);
          tell({ kind: 'region-deleted', region: regionId(given.region) });
          pins = pins.filter((pinned) => isThere(pinned.page));
          break;
        case 'tick':
          now += given.afterMs;
          tell({ kind: 'tick' });
          break;
        default:
          tell({ kind: 'evict', pages: given.pages.filter(isThere) });
      }
      expect(agent.heldPages).toBeLessThanOrEqual(pages.length + 1);
    }
  };
  fc.assert(fc.property(fc.array(agentStep, { maxLength: 80, size: 'max' }), runCase), fuzzed({ file, runs: 400 }));
});

const tableEffects = new Set(['send', 'abandoned', 'broken', 'forgotten', 'ignored', 'violation']);
const standing = fc.oneof(
  fc.constantFrom({ kind: 'absent', code: 'no-such-region' } as const, { kind: 'lost' } as const),
  fc.record({ kind: fc.constant('current' as const), version: fc.nat(5), newer: fc.boolean() }),
);
const tableStep = fc.oneof(
  { weight: 15, arbitrary: fc.record({ kind: fc.constant('message'), from: node, shot: sync, standing }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('member-joined'), number: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('member-lost'), member: node, left: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('region-deleted'), region }) },
);

it('a table of synchronization takes any requests of members and strangers, in any order: it throws nothing, and keeps no more than it may', () => {
  const runCase = (steps: readonly { readonly kind: string }[]): void => {
    const table = new SyncTable();
    const tell = (input: unknown): void => checkEffects(table.step(millis(1), input as Parameters<SyncTable['step']>[1]), tableEffects);
    const members = new Set<number>();
    const join = (member: number): void => {
      if (!members.has(member)) tell({ kind: 'member-joined', member });
      members.add(member);
    };
    for (const member of nodes.slice(0, 3)) join(member);
    // Requests of one node are numbered upwards, but for those that a hostile one sends anyhow.
    let next = 1;
    for (const step of steps) {
      // Each step was generated with the fields of its kind.
      const given = step as { kind: string; from: Incarnation; shot: Shot; standing: object; number: number; member: Incarnation };
      if (given.kind === 'message') {
        const message = aimAt(aim, given.shot);
        // What ends a request names one that was made a moment ago.
        const ends = message.kind === 'cancel' || message.kind === 'give-back';
        const id = ends ? next - 1 - ((given.shot.picks[6] ?? 0) % 6) : next++;
        const numbered = given.shot.picks[7] === 0 ? message : { ...message, id };
        const addressed = message.kind === 'wait' || message.kind === 'notify';
        tell(
          addressed
            ? { kind: 'address-message', from: given.from, message: numbered, standing: given.standing }
            : { kind: 'message', from: given.from, message: numbered },
        );
      } else if (given.kind === 'member-joined') join(given.number);
      else {
        if (given.kind === 'member-lost') members.delete(given.member);
        tell(step);
      }
    }
    expect(table.openRequests).toBeLessThanOrEqual(limits.maxSyncRequestsPerNode * members.size);
  };
  fc.assert(fc.property(fc.array(tableStep, { maxLength: 80, size: 'max' }), runCase), fuzzed({ file, runs: 400 }));
});
