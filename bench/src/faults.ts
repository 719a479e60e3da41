import { join, type Region } from '@pagewire/node';
import { startCluster } from '@pagewire/test';
import { startBarePeer } from './bare-peer.js';

/**
 * What a fault costs beside a bare request of the same size over the same transport, interleaved round by round in one run. This process is a
 * node; the other holders are processes of their own. Usage: node bench/dist/faults.js [rounds] [--json]
 */
const json = process.argv.includes('--json');
const rounds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 1000);
const PAGE_BYTES = 4096;
const WARM_UP = 100;

interface Row {
  readonly transport: string;
  readonly what: string;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly overBare: number;
}

/** The regions of the node in this process and of two others, through their clients. */
interface Parties {
  readonly here: Region;
  readonly first: { write(offset: number, bytes: Uint8Array): Promise<void>; read(offset: number, length: number): Promise<Uint8Array> };
  readonly second: Parties['first'];
  bare(): Promise<void>;
}

const BYTE = new Uint8Array([1]);

/** One round on a fresh page: each stage brings the page into the state that the timed access needs. */
async function round(page: number, { here, first, second, bare }: Parties, time: Timer): Promise<void> {
  const offset = page * PAGE_BYTES;
  await time('bare 4 KiB request', bare);
  await first.write(offset, BYTE);
  await time('read fault, dirty: another node has it exclusively', () => here.read(offset, 8));
  await second.read(offset, 8);
  await time('upgrade, two other sharers', () => here.write(offset, BYTE));
  await first.read(offset, 8);
  await time('upgrade, one other sharer', () => here.write(offset, BYTE));
  await first.write(offset, BYTE);
  await second.read(offset, 8);
  await time('read fault, clean: the home has the bytes', () => here.read(offset, 8));
  await first.write(offset, BYTE);
  await time('write fault: another node has it exclusively', () => here.write(offset, BYTE));
  await time('hit: read of 8 bytes', () => here.read(offset, 8));
}

type Timer = (what: string, access: () => Promise<unknown>) => Promise<void>;

async function measure(transport: 'ws' | 'grpc'): Promise<Row[]> {
  const bare = await startBarePeer(transport);
  const cluster = await startCluster({ nodes: 2, transport });
  const coordinator = cluster.coordinatorUrl.replace(/^ws/, transport);
  const node = await join({ coordinator, name: 'bench', memory: 'software', transports: [transport] });
  const samples = new Map<string, number[]>();
  try {
    const here = await node.region('faults', { bytes: (rounds + WARM_UP) * PAGE_BYTES });
    const [first, second] = await Promise.all([0, 1].map(async (index) => (await cluster.client(index)).region('faults')));
    if (first === undefined || second === undefined) throw new Error('two regions were opened');
    for (let page = 0; page < rounds + WARM_UP; page += 1) {
      // A stride keeps sequential prefetch out of the figures.
      await round((page * 7919) % (rounds + WARM_UP), { here, first, second, bare: () => bare.ask() }, async (what, access) => {
        const start = performance.now();
        await access();
        const tookUs = (performance.now() - start) * 1000;
        if (page < WARM_UP) return;
        const known = samples.get(what);
        if (known === undefined) samples.set(what, [tookUs]);
        else known.push(tookUs);
      });
    }
  } finally {
    await node.close();
    await cluster[Symbol.asyncDispose]();
    await bare.close();
  }
  return summarize(transport, samples);
}

function summarize(transport: string, samples: ReadonlyMap<string, number[]>): Row[] {
  const quantile = (values: readonly number[], q: number): number => values[Math.floor(values.length * q)] ?? Number.NaN;
  let bareUs = Number.NaN;
  return Array.from(samples, ([what, values]) => {
    values.sort((a, b) => a - b);
    const p50Us = quantile(values, 0.5);
    if (what.startsWith('bare')) bareUs = p50Us;
    return { transport, what, p50Us, p99Us: quantile(values, 0.99), overBare: p50Us / bareUs };
  });
}

const rows = [...(await measure('ws')), ...(await measure('grpc'))];
if (json) {
  process.stdout.write(`${JSON.stringify({ rounds, rows })}\n`);
} else {
  process.stdout.write(`${rounds} rounds, microseconds\n\ntransport  p50     p99      x bare  what\n`);
  for (const { transport, what, p50Us, p99Us, overBare } of rows) {
    const cells = [transport.padEnd(9), p50Us.toFixed(1).padStart(6), p99Us.toFixed(0).padStart(6), overBare.toFixed(2).padStart(8)];
    process.stdout.write(`${cells.join('  ')}  ${what}\n`);
  }
}
