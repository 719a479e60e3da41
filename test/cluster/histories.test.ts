import { checkHistory, explain, type History, HistoryRecorder, historyOf, operationsOf, type WitnessedRegion } from '@pagewire/history';
import { join, type Node } from '@pagewire/node';
import { SoftwareMemory } from '@pagewire/node/parts';
import { PagewireError, type RegionAccess } from '@pagewire/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Cluster, startCluster, until } from '../src/index.js';
import { freshName, leavesNoProcess, pageBytes } from './shared-cluster.js';

leavesNoProcess();
afterEach(() => vi.restoreAllMocks());

const pages = 5;
const cellsPerPage = 3;
const offsets = Array.from(
  { length: pages * cellsPerPage },
  (_, cell) => Math.floor(cell / cellsPerPage) * pageBytes + (cell % cellsPerPage) * 8,
);

/** What a node that dies, and pages that it takes with it, do to accesses. */
const partialFailures: ReadonlySet<string> = new Set(['page-lost', 'unreachable', 'outcome-unknown', 'timeout', 'fenced', 'closed']);

/** Choices of one lane: xorshift32. */
function choices(seed: number): (count: number) => number {
  let state = seed * 0x9e3779b1 || 1;
  return (count) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

/** One lane: random operations on cells that all lanes share, until it is stopped or its node is gone. Every value it writes is its own. */
async function work(region: RegionAccess, lane: number, isOver: () => boolean): Promise<void> {
  const choose = choices(lane);
  const { atomics } = region;
  for (let turn = 1; !isOver(); turn++) {
    const offset = offsets[choose(offsets.length)] ?? 0;
    const value = lane * 1_000_000 + turn;
    const operations = [
      () => atomics.load('int32', offset),
      () => region.read(offset, 4),
      () => atomics.store('int32', offset, value),
      () => atomics.add('int32', offset, 1),
      () => atomics.exchange('int32', offset, value),
      async () => atomics.compareExchange('int32', offset, await atomics.load('int32', offset), value),
    ];
    try {
      await operations[choose(operations.length)]?.();
    } catch (error) {
      if (!(error instanceof PagewireError) || !partialFailures.has(error.code)) throw error;
      if (error.code !== 'page-lost') return;
    }
    // What is here is done at once: others get their turn in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Run {
  readonly recorder: HistoryRecorder;
  /** Resolves when so many more operations were recorded. */
  untilMore(operations: number): Promise<unknown>;
  /** Ends the lanes and gives what they did. */
  end(): Promise<History>;
}

/** Two lanes at each process of the cluster, as clients, and two inside each of the nodes of this process. */
async function start(cluster: Cluster, inside: readonly Node[]): Promise<Run> {
  const recorder = new HistoryRecorder();
  const name = freshName();
  const regions: [string, WitnessedRegion][] = [];
  const size = { bytes: pages * pageBytes, pageBytes };
  for (const [index, { name: node }] of cluster.nodes.entries()) {
    const client = await cluster.client(index, { operationTimeoutMs: 8000, link: { resumeMs: 500 } });
    regions.push([`client of ${node}`, await client.region(name, size)]);
  }
  for (const node of inside) regions.push([`inside ${node.name}`, await node.region(name, size)]);
  let isOver = false;
  const lanes = regions.flatMap(([who, region], place) =>
    [1, 2].map((lane) => work(recorder.process(`${who}.${lane}`).over(region), place * 2 + lane, () => isOver)),
  );
  return {
    recorder,
    untilMore: (operations) => {
      const goal = recorder.length + operations;
      return until(`${operations} more operations are recorded`, () => recorder.length >= goal, 40_000);
    },
    end: async () => {
      isOver = true;
      await Promise.all(lanes);
      return recorder.history();
    },
  };
}

const joined = (cluster: Cluster, name: string, memory: 'software' | 'auto'): Promise<Node> =>
  join({ coordinator: cluster.coordinatorUrl, name, memory });

describe('the history of clients and of programs inside nodes', () => {
  it('is sequentially consistent, and would not be with another value in it', async () => {
    await using cluster = await startCluster({ nodes: 2, transport: 'both' });
    await using a = await joined(cluster, 'a', 'software');
    await using b = await joined(cluster, 'b', 'auto');
    const run = await start(cluster, [a, b]);
    await run.untilMore(4000);
    const history = await run.end();

    const verdict = checkHistory(history);
    expect(explain(verdict)).toContain('linearizable for each location and sequentially consistent');
    expect(verdict).toMatchObject({ outcome: 'consistent', counts: { processes: 8, locations: offsets.length } });
    expect(verdict.outcome === 'consistent' && verdict.counts.readFromOthers).toBeGreaterThan(1000);

    const operations = operationsOf(history);
    const at = operations.findLastIndex(({ kind, result }) => kind === 'read' && result !== 0);
    const wrong = operations.map((operation, index) => (index === at ? { ...operation, result: 0 } : operation));
    expect(checkHistory(historyOf({ ...history, operations: wrong })).outcome).toBe('inconsistent');
  });

  it('is so too when a node is killed, whatever became of what was under way there', async () => {
    await using cluster = await startCluster({ nodes: 3 });
    await using a = await joined(cluster, 'a', 'software');
    const run = await start(cluster, [a]);
    await run.untilMore(2000);
    await cluster.kill(2);
    await cluster.untilMembers(3);
    await run.untilMore(1000);

    const verdict = checkHistory(await run.end());
    expect(explain(verdict)).toContain('linearizable for each location and sequentially consistent');
    expect(verdict.outcome === 'consistent' && verdict.counts.readFromOthers).toBeGreaterThan(500);
  });

  it('gives a node away that now and then keeps its old bytes of a page', async () => {
    await using cluster = await startCluster({ nodes: 1 });
    await using a = await joined(cluster, 'a', 'software');
    const run = await start(cluster, [a]);
    await run.untilMore(500);
    const { stage } = SoftwareMemory.prototype;
    let staged = 0;
    vi.spyOn(SoftwareMemory.prototype, 'stage').mockImplementation(function (this: SoftwareMemory, index, content) {
      staged += 1;
      return staged % 10 === 0 ? undefined : stage.call(this, index, content);
    });
    await until('pages were not taken over', () => staged > 50);
    expect(checkHistory(await run.end())).toMatchObject({ outcome: 'inconsistent', violation: { rule: 'value' } });
  });
});
