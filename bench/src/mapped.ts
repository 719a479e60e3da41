import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chooseMemory, join, type Node } from '@pagewire/node';
import { startCluster } from '@pagewire/test';

/**
 * Mapped memory where no message is needed, and where nothing but messages is: loads and stores that hit, beside the same on a plain
 * SharedArrayBuffer, interleaved round by round; and two processes that hand one page to and fro.
 * Usage: node bench/dist/mapped.js [rounds] [--json]
 */
const words = process.argv.slice(2);
const json = words.includes('--json');
const rounds = Number(words.find((word) => /^\d+$/.test(word)) ?? 15);
const HIT_BYTES = 8 << 20;
const TURNS = 4000;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Milliseconds for a pass of loads and stores over all of `cells`. A function of its own for each kind of buffer: one that has seen both is slower. */
const newPass = (): ((cells: Int32Array) => number) =>
  // A literal text of this file: a closure would be compiled, and so specialised, once for all.
  new Function(
    'cells',
    `const start = performance.now();
     let sum = 0;
     for (let i = 0; i < cells.length; i++) { sum = (sum + cells[i]) | 0; cells[i] = sum; }
     return performance.now() - start;`,
  ) as (cells: Int32Array) => number;

function measureHits(buffer: SharedArrayBuffer): { readonly plainMs: number; readonly mappedMs: number; readonly ratio: number } {
  const kinds = [new Int32Array(new SharedArrayBuffer(HIT_BYTES)), new Int32Array(buffer)].map((cells) => ({
    cells,
    pass: newPass(),
    ms: [] as number[],
  }));
  for (const { cells, pass } of kinds) for (let warm = 0; warm < 20; warm++) pass(cells);
  for (let round = 0; round < rounds * 10; round++) for (const kind of kinds) kind.ms.push(kind.pass(kind.cells));
  const [plainMs, mappedMs] = kinds.map(({ ms }) => median(ms));
  if (plainMs === undefined || mappedMs === undefined) throw new Error('two kinds were measured');
  return { plainMs, mappedMs, ratio: mappedMs / plainMs };
}

/** Waits until the word says that it is this side's turn, and gives the turn away. */
function play(cells: Int32Array, side: 0 | 1, turns: number): void {
  for (let turn = 0; turn < turns; turn++) {
    while (Atomics.load(cells, 0) % 2 !== side);
    Atomics.add(cells, 0, 1);
  }
}

async function otherSide(coordinator: string): Promise<void> {
  const node = await join({ coordinator, name: 'pong', memory: 'mapped' });
  const cells = new Int32Array((await node.region('ping-pong')).buffer);
  process.send?.('ready');
  play(cells, 1, TURNS);
  await node.close();
  process.disconnect();
}

async function measurePingPong(node: Node, coordinator: string) {
  const cells = new Int32Array((await node.region('ping-pong', { bytes: 65_536 })).buffer);
  const child = fork(fileURLToPath(import.meta.url), ['--other-side', coordinator]);
  await new Promise((resolve) => child.once('message', resolve));
  const before = node.counters();
  const start = performance.now();
  play(cells, 0, TURNS);
  const seconds = (performance.now() - start) / 1000;
  // Counters are shown when the pager has time for it.
  await node.regions();
  const { readFaults, writeFaults } = node.counters();
  const faults = readFaults + writeFaults - before.readFaults - before.writeFaults;
  await new Promise((resolve) => child.once('exit', resolve));
  return { turnsPerSecond: (2 * TURNS) / seconds, faultsPerSecondHere: faults / seconds, usPerTurn: (seconds * 1e6) / (2 * TURNS) };
}

async function main(): Promise<void> {
  const { kind, reason } = chooseMemory('auto');
  if (kind !== 'mapped') {
    process.stderr.write(`skipped: ${reason}\n`);
    return;
  }
  await using cluster = await startCluster({ nodes: 1 });
  const node = await join({ coordinator: cluster.coordinatorUrl, name: 'bench', memory: 'mapped' });
  const region = await node.region('hits', { bytes: HIT_BYTES });
  await region.prefetch(0, HIT_BYTES, 'exclusive');
  const hits = measureHits(region.buffer);
  const pingPong = await measurePingPong(node, cluster.coordinatorUrl);
  await node.close();
  if (json) {
    process.stdout.write(`${JSON.stringify({ rounds, hits, pingPong })}\n`);
    return;
  }
  const { plainMs, mappedMs, ratio } = hits;
  process.stdout.write(
    `hit: a load and a store of each of 2 Mi words, median of ${rounds * 10}: mapped ${mappedMs.toFixed(2)} ms, plain ${plainMs.toFixed(2)} ms, ratio ${ratio.toFixed(3)}\n` +
      `one page to and fro, two processes: ${pingPong.turnsPerSecond.toFixed(0)} turns/s, ${pingPong.usPerTurn.toFixed(0)} µs a turn, ` +
      `${pingPong.faultsPerSecondHere.toFixed(0)} faults/s on each side\n`,
  );
}

const other = words.indexOf('--other-side');
if (other === -1) await main();
else await otherSide(words[other + 1] ?? '');
