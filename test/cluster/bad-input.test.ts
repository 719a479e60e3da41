import { connect } from '@pagewire/client';
import { limits, type RegionAccess } from '@pagewire/protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { codeOf, Managed } from '../src/index.js';
import { filled, freshName, leavesNoProcess, pageBytes, sharedCluster } from './shared-cluster.js';

leavesNoProcess();

const cluster = sharedCluster({ nodes: 2, transport: 'both', leaseMs: 20_000 });

/** Runs a command to its end. */
async function run(...args: string[]): Promise<{ readonly code: number | string; readonly text: string }> {
  const process = Managed.start(args);
  const code = await process.ending();
  return { code, text: process.errors };
}

describe.each(['ws', 'grpc'] as const)('a client over %s', (scheme) => {
  let region: RegionAccess;
  let client: Awaited<ReturnType<typeof connect>>;
  beforeAll(async () => {
    client = await cluster().client(scheme === 'ws' ? 0 : 1);
    region = await client.region(freshName(), { bytes: 2 * pageBytes, pageBytes });
  });
  const size = 2 * pageBytes;

  // The casts below stand for programs without types.
  it.each<[what: string, code: string, access: () => Promise<unknown>]>([
    ['a read past the end', 'out-of-range', () => region.read(size, 1)],
    ['a read across the end', 'out-of-range', () => region.read(size - 4, 8)],
    ['a write across the end', 'out-of-range', () => region.write(size - 4, filled(8, 9))],
    ['an atomic past the end', 'out-of-range', () => region.atomics.add('int32', size, 1)],
    ['an offset below 0', 'bad-argument', () => region.read(-1, 4)],
    ['an offset that is no integer', 'bad-argument', () => region.read(0.5, 4)],
    ['a length below 0', 'bad-argument', () => region.read(0, -4)],
    ['a misaligned int32', 'misaligned', () => region.atomics.load('int32', 2)],
    ['a misaligned bigint64', 'misaligned', () => region.atomics.add('bigint64', 4, 1n)],
    ['an operand of the wrong type', 'bad-argument', () => region.atomics.add('int32', 0, 1n as unknown as number)],
    ['bytes that are none', 'bad-argument', () => region.write(0, 'text' as unknown as Uint8Array)],
    ['a region without a size that does not exist', 'no-such-region', () => client.region(freshName('absent'))],
    ['a region of 0 bytes', 'bad-argument', () => client.region(freshName(), { bytes: 0 })],
    ['a region beyond the limit', 'bad-argument', () => client.region(freshName(), { bytes: limits.maxRegionBytes + 1 })],
    ['pages that are no power of two', 'bad-argument', () => client.region(freshName(), { bytes: 4096, pageBytes: 1000 })],
    ['pages that are too small', 'bad-argument', () => client.region(freshName(), { bytes: 4096, pageBytes: 32 })],
    ['a region name with a space', 'bad-argument', () => client.region('a name', { bytes: 4096 })],
    ['a region name that is too long', 'bad-argument', () => client.region('n'.repeat(limits.maxRegionNameBytes + 1), { bytes: 4096 })],
  ])('is refused %s with %s, and goes on', async (_, code, access) => {
    expect(await codeOf(access())).toBe(code);
    await region.write(0, filled(8, 7));
    expect(await region.read(0, 8)).toEqual(filled(8, 7));
    expect(await region.read(size - 8, 8)).toEqual(filled(8, 0));
  });

  it('reads nothing at the very end', async () => {
    expect(await region.read(size, 0)).toEqual(new Uint8Array());
  });

  it('gets a size rounded up to whole pages', async () => {
    expect((await client.region(freshName(), { bytes: pageBytes + 1, pageBytes })).bytes).toBe(2 * pageBytes);
  });
});

describe('a client', () => {
  it('of a port where nobody listens is told so', async () => {
    expect(await codeOf(connect('ws://127.0.0.1:1', { connectTimeoutMs: 300 }))).toBe('unreachable');
    expect(await codeOf(connect('http://127.0.0.1:1'))).toBe('bad-argument');
  });
});

describe('a process', () => {
  const coordinator = () => ['--coordinator', cluster().coordinatorUrl];

  it('whose node name is taken ends and says by whom; the one that has the name goes on', async () => {
    const { code, text } = await run('node', ...coordinator(), '--name', 'n1', '--listen', '127.0.0.1:0');
    expect(code).toBe(1);
    expect(text).toContain('(name-taken)');
    expect((await cluster().status()).nodes.map(({ name, state }) => `${name} ${state}`)).toEqual(['n1 live', 'n2 live']);
  });

  it('whose port is in use ends and says which', async () => {
    const { port } = cluster().node(0);
    const node = await run('node', ...coordinator(), '--name', 'n9', '--listen', `127.0.0.1:${port}`);
    expect(node).toEqual({ code: 1, text: expect.stringContaining(`127.0.0.1:${port}`) });
    expect(node.text).toContain('(address-in-use)');
    const other = await run('coordinator', '--listen', `127.0.0.1:${port}`);
    expect(other).toEqual({ code: 1, text: expect.stringContaining('(address-in-use)') });
  });

  it('does not listen beyond loopback unless it is told that this is insecure', async () => {
    const commands = [
      ['up', '--host', '0.0.0.0', '--port', '0'],
      ['coordinator', '--listen', '0.0.0.0:0'],
      ['node', ...coordinator(), '--name', 'n9', '--listen', '0.0.0.0:0'],
    ];
    const ends = await Promise.all(commands.map((command) => run(...command)));
    expect(ends).toEqual(commands.map(() => ({ code: 1, text: expect.stringContaining('(insecure-listen)') })));
  });

  it.each([
    { command: ['frobnicate'], says: "unknown command 'frobnicate'" },
    { command: ['up', '--nodez', '3'], says: "unknown option '--nodez' (did you mean --nodes?)" },
    { command: ['up', '--nodes', '0'], says: 'The least is 1' },
    { command: ['coordinator', '--listen', 'nowhere'], says: 'Write HOST:PORT' },
    { command: ['coordinator', '--listen', '127.0.0.1:0', '--store-bytes', '1potato'], says: 'KiB' },
    { command: ['load', '--target', 'http://127.0.0.1:1'], says: 'ws:// or grpc://' },
  ])('that is started with $command says what to write, and ends with 2', async ({ command, says }) => {
    expect(await run(...command)).toEqual({ code: 2, text: expect.stringContaining(says) });
  });

  it('that asks a coordinator that is not there ends and says so', async () => {
    const { code, text } = await run('status', '--coordinator', 'ws://127.0.0.1:1');
    expect(code).toBe(1);
    expect(text).toContain('(unreachable)');
  });
});
