import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { join, type Node, type Region } from '@pagewire/node';
import { describe, expect, it } from 'vitest';
import { type Cluster, codeOf, startCluster, until } from '../src/index.js';
import { isMapped, unlessMapped } from './plain-program.js';
import { leavesNoProcess, sharedCluster } from './shared-cluster.js';

leavesNoProcess();

// Software memory, and the best that this machine has.
const memories = ['software', 'auto'] as const;
type Memory = (typeof memories)[number] | 'mapped';
const patience = { timeoutMs: 20_000 } as const;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

/** Nodes in this process, of which every second speaks gRPC; they leave at the end of the scope. */
class Nodes implements AsyncDisposable {
  readonly #nodes: Node[] = [];

  static async join(cluster: Cluster, count: number, memory: Memory): Promise<Nodes> {
    const nodes = new Nodes();
    for (let n = 0; n < count; n += 1) {
      const coordinator = cluster.coordinatorUrl.replace('ws:', n % 2 === 0 ? 'ws:' : 'grpc:');
      nodes.#nodes.push(await join({ coordinator, memory, name: `program-${n}`, rejoin: false }));
    }
    return nodes;
  }

  at(index: number): Node {
    const node = this.#nodes[index];
    if (node === undefined) throw new RangeError(`there are ${this.#nodes.length} nodes`);
    return node;
  }

  regions(name: string, bytes: number): Promise<Region[]> {
    return Promise.all(this.#nodes.map((node) => node.region(name, { bytes })));
  }

  get all(): readonly Node[] {
    return this.#nodes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.close()));
  }
}

/** A process that holds what `programs/holds.mjs` says; the answer is the token of its lock. */
async function holder(cluster: Cluster, memory: Memory) {
  const program = fileURLToPath(new URL('./programs/holds.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, cluster.coordinatorUrl, memory], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const { stdout } = child;
  if (stdout === null) throw new Error('its output is a pipe');
  const [line] = await once(createInterface({ input: stdout }), 'line');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { token: Number(String(line).replace('holding ', '')), kill, [Symbol.asyncDispose]: kill };
}

describe.each(memories)('with %s memory', (memory) => {
  const cluster = sharedCluster({ nodes: 0 });

  it('what is read and written under a lock is changed by one at a time', async () => {
    await using nodes = await Nodes.join(cluster(), 3, memory);
    const regions = await nodes.regions('account', 8192);
    const tokens: number[] = [];
    const rounds = 30;
    await Promise.all(
      regions.map(async (region, index) => {
        for (let round = 0; round < rounds; round += 1) {
          await using held = await nodes.at(index).lock('account').acquire(patience);
          tokens.push(held.token);
          const bytes = await region.read(4092, 8);
          const view = new DataView(bytes.buffer, bytes.byteOffset);
          view.setFloat64(0, view.getFloat64(0) + 1);
          await region.write(4092, bytes);
        }
      }),
    );
    const last = await nodes.at(0).region('account');
    const bytes = await last.read(4092, 8);
    expect(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0)).toBe(3 * rounds);
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
  });

  it('a semaphore never lets in more than it has permits', async () => {
    await using nodes = await Nodes.join(cluster(), 3, memory);
    let inside = 0;
    let most = 0;
    await Promise.all(
      times(12, async (index) => {
        for (let round = 0; round < 10; round += 1) {
          await using _held = await nodes
            .at(index % 3)
            .semaphore('inside', 2)
            .acquire(patience);
          inside += 1;
          most = Math.max(most, inside);
          await new Promise((resolve) => setImmediate(resolve));
          inside -= 1;
        }
      }),
    );
    expect(most).toBe(2);
  });

  it('after a barrier every party sees what each wrote before it', async () => {
    await using nodes = await Nodes.join(cluster(), 3, memory);
    const regions = await nodes.regions('phases', 3 * 4096);
    const seen = await Promise.all(
      regions.map(async (region, index) => {
        const barrier = nodes.at(index).barrier('phase', 3);
        const phases: number[][] = [];
        for (let phase = 1; phase <= 10; phase += 1) {
          await region.atomics.store('int32', index * 4096, phase);
          await barrier.arrive(patience);
          phases.push(await Promise.all(times(3, (cell) => region.atomics.load('int32', cell * 4096))));
          await barrier.arrive(patience);
        }
        return phases;
      }),
    );
    const expected = times(10, (phase) => [phase + 1, phase + 1, phase + 1]);
    expect(seen).toEqual([expected, expected, expected]);
  });

  it('two nodes that wait for each other on one address hand it to and fro without a wait that times out', async () => {
    await using nodes = await Nodes.join(cluster(), 2, memory);
    const regions = await nodes.regions('ball', 4096);
    const rounds = 100;
    const ends = await Promise.all(
      regions.map(async (region, self) => {
        const ends = new Set<string>();
        for (let turn = self; turn < 2 * rounds; turn += 2) {
          for (let value = await region.atomics.load('int32', 0); value !== turn; value = await region.atomics.load('int32', 0)) {
            ends.add(await region.wait(0, value, patience));
          }
          await region.atomics.store('int32', 0, turn + 1);
          await region.notify(0);
        }
        return ends;
      }),
    );
    expect(await regions[0]?.atomics.load('int32', 0)).toBe(2 * rounds);
    expect(ends.flatMap((all) => [...all])).not.toContain('timed-out');
  });

  it('what a killed process held passes on, and whoever waited for it is told', async () => {
    await using nodes = await Nodes.join(cluster(), 2, memory);
    await using held = await holder(cluster(), memory);
    const [region, reader] = await nodes.regions('cells', 8192);
    const [one, other] = [nodes.at(0), nodes.at(1)];
    // Its store is seen by one, and never by the one that waits for it.
    expect(await reader?.atomics.load('int32', 0)).toBe(1);
    const lock = one.lock('jobs').acquire(patience);
    const permits = one.semaphore('pool', 3).acquire({ ...patience, count: 2 });
    const waiting = region?.wait(0, 1, patience);
    await held.kill();

    const passedOn = await lock;
    expect(passedOn).toMatchObject({ abandoned: true, lost: false });
    expect(passedOn.token).toBeGreaterThan(held.token);
    expect(await permits).toMatchObject({ abandoned: true, count: 2 });
    await reader?.atomics.store('int32', 0, 2);
    await reader?.notify(0);
    expect(['ok', 'not-equal']).toContain(await waiting);
    await passedOn.release();
    expect(await other.lock('jobs').acquire(patience)).toMatchObject({ abandoned: false });
  });

  it('a barrier that a killed process has come to breaks, and mends', async () => {
    await using nodes = await Nodes.join(cluster(), 2, memory);
    await using held = await holder(cluster(), memory);
    expect(await nodes.at(0).barrier('step', 2).arrive(patience)).toBeGreaterThan(0);
    const arriving = nodes.all.map((node) => codeOf(node.barrier('step', 3).arrive(patience)));
    await until('they wait', async () => (await codeOf(nodes.at(0).barrier('step', 2).arrive({ timeoutMs: 0 }))) === 'bad-argument');
    await held.kill();
    expect(await Promise.all(arriving)).toEqual(['broken', 'broken']);
    expect(new Set(await Promise.all(nodes.all.map((node) => node.barrier('step', 2).arrive(patience)))).size).toBe(1);
  });
});

describe.skipIf(!isMapped)(`memory that programs touch plainly${unlessMapped}`, () => {
  const cluster = sharedCluster({ nodes: 0 });

  it('plain loads and stores of the program go with waits of other nodes', async () => {
    await using nodes = await Nodes.join(cluster(), 2, 'mapped');
    const [here, there] = await nodes.regions('plain', 4096);
    const cells = new Int32Array(here?.buffer ?? new SharedArrayBuffer(0));
    for (let round = 0; round < 20; round += 1) {
      const waiting = there?.wait(0, round, patience);
      Atomics.store(cells, 0, round + 1);
      await here?.notify(0);
      expect(['ok', 'not-equal']).toContain(await waiting);
      expect(await there?.atomics.load('int32', 0)).toBe(round + 1);
    }
  });
});

describe('a coordinator that is killed', () => {
  it('ends everything that waits with fenced, and what is held is lost', async () => {
    await using cluster = await startCluster({ nodes: 0, leaseMs: 1500 });
    await using nodes = await Nodes.join(cluster, 2, 'software');
    const [region] = await nodes.regions('cells', 4096);
    const held = await nodes.at(0).lock('jobs').acquire();
    const waiting = [
      nodes.at(1).lock('jobs').acquire(),
      nodes.at(1).semaphore('pool', 1).acquire(),
      nodes.at(1).semaphore('pool', 1).acquire({ timeoutMs: Number.POSITIVE_INFINITY }),
      nodes.at(1).barrier('step', 2).arrive(),
      region?.wait(0, 0) ?? Promise.resolve(),
    ].map((promise) => codeOf(promise));
    expect(await waiting[1]).toBe('ok');
    await cluster.coordinator.end('SIGKILL');
    expect(await Promise.all(waiting)).toEqual(['fenced', 'ok', 'fenced', 'fenced', 'fenced']);
    expect(held.lost).toBe(true);
    expect(await codeOf(held.release())).toBe('fenced');
  });
});
