import type { Client } from '@pagewire/client';
import { chooseMemory, join, type MemoryKind, type Node } from '@pagewire/node';
import { startCluster } from '@pagewire/test';
import { startBarePeer } from './bare-peer.js';

/**
 * What a fault costs beside a bare request of the same size over the same transport, interleaved round by round in one run. This process is a
 * node with software memory, used by promises, and where the machine can also one with mapped memory, used by plain loads and stores; the
 * other holders are processes of their own. Usage: node bench/dist/faults.js [rounds] [--json]
 */
const json = process.argv.includes('--json');
const rounds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 1000);
const PAGE_BYTES = 4096;
const WARM_UP = 100;

interface Row {
  readonly transport: string;
  readonly memory: MemoryKind | '';
  readonly what: string;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly overBare: number;
}

/** One region as this process sees it, and two others through clients of their nodes. */
interface Parties {
  readonly memory: MemoryKind;
  readonly here: Here;
  readonly first: { write(offset: number, bytes: Uint8Array): Promise<void>; read(offset: number, length: number): Promise<Uint8Array> };
  readonly second: Parties['first'];
}

/** An access of a few bytes. A plain one does not return before it is done. */
interface Here {
  read(offset: number): Promise<unknown> | undefined;
  write(offset: number): Promise<unknown> | undefined;
}

const BYTE = new Uint8Array([1]);

/** One round on a fresh page: each stage brings the page into the state that the timed access needs. */
async function round(page: number, { here, first, second }: Parties, time: Timer): Promise<void> {
  const offset = page * PAGE_BYTES;
  await first.write(offset, BYTE);
  await time('read fault, dirty: another node has it exclusively', () => here.read(offset));
  await second.read(offset, 8);
  await time('upgrade, two other sharers', () => here.write(offset));
  await first.read(offset, 8);
  await time('upgrade, one other sharer', () => here.write(offset));
  await first.write(offset, BYTE);
  await second.read(offset, 8);
  await time('read fault, clean: the home has the bytes', () => here.read(offset));
  await first.write(offset, BYTE);
  await time('write fault: another node has it exclusively', () => here.write(offset));
  await time('hit', () => here.read(offset));
}

type Timer = (what: string, access: () => Promise<unknown> | undefined) => Promise<void>;

/** What was measured, in microseconds, by what it was. */
class Samples {
  readonly #samples = new Map<string, { readonly memory: MemoryKind | ''; readonly what: string; readonly us: number[] }>();
  isWarm = false;

  timer(memory: MemoryKind | ''): Timer {
    return async (what, access) => {
      const start = performance.now();
      const pending = access();
      if (pending !== undefined) await pending;
      const us = (performance.now() - start) * 1000;
      if (!this.isWarm) return;
      const key = `${memory} ${what}`;
      const known = this.#samples.get(key) ?? { memory, what, us: [] };
      this.#samples.set(key, known);
      known.us.push(us);
    };
  }

  rows(transport: string): Row[] {
    const quantile = (sorted: readonly number[], q: number): number => sorted[Math.floor(sorted.length * q)] ?? Number.NaN;
    const all = Array.from(this.#samples.values(), ({ memory, what, us }) => {
      us.sort((a, b) => a - b);
      return { transport, memory, what, p50Us: quantile(us, 0.5), p99Us: quantile(us, 0.99) };
    });
    const bareUs = all.find(({ memory }) => memory === '')?.p50Us ?? Number.NaN;
    return all.map((row) => ({ ...row, overBare: row.p50Us / bareUs }));
  }
}

async function partiesOf(node: Node, clients: readonly Client[], pages: number): Promise<Parties> {
  const { memory } = node;
  const region = await node.region(`faults-${memory}`, { bytes: pages * PAGE_BYTES });
  const [first, second] = await Promise.all(clients.map((client) => client.region(`faults-${memory}`)));
  if (first === undefined || second === undefined) throw new Error('two clients were connected');
  if (memory === 'software') {
    return { memory, first, second, here: { read: (offset) => region.read(offset, 8), write: (offset) => region.write(offset, BYTE) } };
  }
  const words = new Int32Array(region.buffer, 0, (pages * PAGE_BYTES) / 4);
  const here: Here = {
    read: (offset) => void Atomics.load(words, offset / 4),
    write: (offset) => void Atomics.store(words, offset / 4, 1),
  };
  return { memory, first, second, here };
}

async function measure(transport: 'ws' | 'grpc'): Promise<Row[]> {
  const pages = rounds + WARM_UP;
  const bare = await startBarePeer(transport);
  const cluster = await startCluster({ nodes: 2, transport });
  const coordinator = cluster.coordinatorUrl.replace(/^ws/, transport);
  const kinds: MemoryKind[] = chooseMemory('auto').kind === 'mapped' ? ['software', 'mapped'] : ['software'];
  const nodes: Node[] = [];
  const samples = new Samples();
  try {
    for (const memory of kinds) nodes.push(await join({ coordinator, name: `bench-${memory}`, memory, transports: [transport] }));
    const clients = await Promise.all([0, 1].map((index) => cluster.client(index)));
    const parties = await Promise.all(nodes.map((node) => partiesOf(node, clients, pages)));
    for (let page = 0; page < pages; page += 1) {
      samples.isWarm = page >= WARM_UP;
      await samples.timer('')('bare 4 KiB request', () => bare.ask());
      // A stride keeps sequential prefetch out of the figures.
      for (const party of parties) await round((page * 7919) % pages, party, samples.timer(party.memory));
    }
  } finally {
    for (const node of nodes) await node.close();
    await cluster[Symbol.asyncDispose]();
    await bare.close();
  }
  return samples.rows(transport);
}

const rows = [...(await measure('ws')), ...(await measure('grpc'))];
if (json) {
  process.stdout.write(`${JSON.stringify({ rounds, rows })}\n`);
} else {
  process.stdout.write(`${rounds} rounds, microseconds\n\ntransport  memory    p50     p99      x bare  what\n`);
  for (const { transport, memory, what, p50Us, p99Us, overBare } of rows) {
    const cells = [
      transport.padEnd(9),
      memory.padEnd(8),
      p50Us.toFixed(1).padStart(6),
      p99Us.toFixed(0).padStart(6),
      overBare.toFixed(2).padStart(8),
    ];
    process.stdout.write(`${cells.join('  ')}  ${what}\n`);
  }
}
