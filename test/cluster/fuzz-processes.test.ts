import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandLines } from '../fuzz/command-lines.js';
import { fuzzed } from '../fuzz/fuzzing.js';
import { type Http2Request, http2Requests, type Speech, speeches } from '../fuzz/hostile-connections.js';
import { visit, visitHttp2 } from '../fuzz/hostile-visits.js';
import { childrenOf, increment, Managed, Tally, until } from '../src/index.js';
import { freshName, leavesNoProcess, regionOnEach, sharedCluster } from './shared-cluster.js';

leavesNoProcess();

const file = 'test/cluster/fuzz-processes.test.ts';
const mib = 1024 * 1024;

describe('a cluster of processes', () => {
  const cluster = sharedCluster({ nodes: 2, transport: 'both', leaseMs: 20_000 });
  const processes = (): readonly { readonly pid: number; readonly port: number }[] => [
    { pid: cluster().coordinator.pid, port: cluster().coordinatorPort },
    { pid: cluster().node(0).pid, port: cluster().node(0).port },
  ];

  /** Counts on every node, on one page. */
  async function count(): Promise<void> {
    const regions = await regionOnEach(cluster(), freshName(), 1);
    const tally = new Tally();
    await Promise.all(regions.map((region) => increment(region, 0, tally, { times: 10 })));
    expect([tally.codes, await regions[0]?.atomics.load('int32', 0)]).toEqual([['ok'], 20]);
  }

  it('outlives whatever strangers say to its ports, counts on, and gives their memory and descriptors back', async () => {
    await count();
    const lives = await cluster().liveIncarnations();
    const before = processes().map(({ pid }) => ({ files: openFiles(pid), bytes: residentBytes(pid) }));
    const runCase = async (said: Speech[], asked: Http2Request[]): Promise<void> => {
      for (const { port } of processes()) await Promise.all([...said.map((speech) => visit(port, speech)), visitHttp2(port, asked)]);
      expect(await cluster().liveIncarnations()).toEqual(lives);
    };
    await fc.assert(
      fc.asyncProperty(fc.array(speeches, { minLength: 1, maxLength: 10 }), fc.array(http2Requests, { maxLength: 4 }), runCase),
      fuzzed({ file, runs: 20, hangMs: 20_000, shrink: false }),
    );
    await count();
    // The clients that `count` opened stay until the cluster ends: two connections for each time.
    await until('descriptors are back', () => processes().every(({ pid }, at) => openFiles(pid) <= (before[at]?.files ?? 0) + 4));
    const grown = processes().map(({ pid }, at) => residentBytes(pid) - (before[at]?.bytes ?? 0));
    expect(Math.max(...grown)).toBeLessThan(150 * mib);
  });
});

describe('the command', () => {
  it('ends as its documentation says whatever it is given, with no stack and no process left', async () => {
    const runCase = async (args: string[]): Promise<void> => {
      const process = Managed.start(args);
      const served = new Promise<'served'>((resolve) => setTimeout(resolve, 3000, 'served').unref());
      const first = await Promise.race([process.ending(20_000), served]);
      const children = process.ended ? [] : childrenOf(process.pid);
      const code = first === 'served' ? await process.end('SIGTERM') : first;
      expect([0, 1, 2, 130, 143]).toContain(code);
      expect(process.errors).not.toMatch(/^\s+at |this is a bug/m);
      await until('no process is left', () => children.every((pid) => childrenOf(pid).length === 0 && !isThere(pid)));
    };
    // What an operating system does not take as an argument never comes to a command.
    const passable = commandLines.filter((args) => args.every((arg) => !arg.includes('\0')));
    await fc.assert(fc.asyncProperty(passable, runCase), fuzzed({ file, runs: 8, hangMs: 40_000, shrink: false }));
  });
});

function isThere(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').length > 0;
  } catch {
    return false;
  }
}

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** What /proc says of a process (proc(5), `VmRSS`). */
function residentBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}
