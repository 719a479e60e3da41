import { connect } from '@pagewire/client';
import { afterEach, describe, expect, it } from 'vitest';
import { childrenOf, isAlive, Managed, until } from '../src/index.js';
import { filled, leavesNoProcess } from './shared-cluster.js';

leavesNoProcess();

interface Ready {
  readonly coordinator: string;
  readonly coordinatorPid: number;
  readonly nodes: readonly { readonly id: string; readonly url: string; readonly pid: number }[];
}

/** What `pagewire up` has started and may have left behind. */
let pids: readonly number[] = [];

async function up(...args: string[]): Promise<{ process: Managed; ready: Ready }> {
  const process = Managed.start(['up', '--port', '0', '--json', ...args]);
  // The line is printed by the product under test; a wrong one shows as a failing test.
  const ready = (await process.ready()) as Ready;
  pids = [process.pid, ready.coordinatorPid, ...ready.nodes.map((node) => node.pid)];
  return { process, ready };
}

afterEach(async () => {
  try {
    await until(`none of ${pids.join(', ')} is alive`, () => !pids.some(isAlive));
  } finally {
    for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL');
  }
});

const nonEmpty = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined);

describe('pagewire up', () => {
  it('starts a cluster whose nodes share memory, and takes all of it down on Ctrl-C', async () => {
    const { process, ready } = await up('--nodes', '2', '--transport', 'both');
    expect(pids.filter(isAlive)).toHaveLength(4);
    await using first = await connect(ready.nodes[0]?.url ?? '');
    await using second = await connect(ready.nodes[1]?.url ?? '');
    await (await first.region('r', { bytes: 4096 })).write(0, filled(8, 1));
    expect(await (await second.region('r')).read(0, 8)).toEqual(filled(8, 1));
    expect(await process.end('SIGINT')).toBe(130);
  });

  it('leaves nothing behind when it is killed', async () => {
    const { process } = await up('--nodes', '3');
    expect(await process.end('SIGKILL')).toBe('SIGKILL');
  });

  it('leaves nothing behind when it is killed while it starts', async () => {
    const process = Managed.start(['up', '--port', '0', '--json']);
    pids = await until('it has children', () => nonEmpty(childrenOf(process.pid)));
    await process.end('SIGKILL');
  });

  it('goes on without a node that is killed, and ends when the coordinator is', async () => {
    const { process, ready } = await up('--nodes', '2');
    const [first, second] = ready.nodes;
    globalThis.process.kill(second?.pid ?? 0, 'SIGKILL');
    await until('it says so', () => process.errors.includes(`${second?.id} (pid ${second?.pid})`));
    await using client = await connect(first?.url ?? '');
    await (await client.region('r', { bytes: 4096 })).write(0, filled(8, 1));
    globalThis.process.kill(ready.coordinatorPid, 'SIGKILL');
    expect(await process.ending()).toBe(1);
  });
});
