import { readFileSync } from 'node:fs';
import { PROTOCOL_VERSION } from '@pagewire/protocol';
import { dial } from '@pagewire/transport';
import { afterEach, describe, expect, it } from 'vitest';
import { DeafClient, increment, Stranger, Tally, until } from '../src/index.js';
import { filled, freshName, leavesNoProcess, pageBytes, regionOnEach, sharedCluster } from './shared-cluster.js';

leavesNoProcess();

const cluster = sharedCluster({ nodes: 3, transport: 'both', leaseMs: 20_000 });
const doors = ['coordinator', 'node'] as const;
const portOf = (door: (typeof doors)[number]): number => (door === 'node' ? cluster().node(0).port : cluster().coordinatorPort);

afterEach(async () => {
  const regions = await regionOnEach(cluster(), freshName(), 1);
  const tally = new Tally();
  await Promise.all(regions.map((region) => increment(region, 0, tally, { times: 20 })));
  expect(await Promise.all(regions.map((region) => region.atomics.load('int32', 0)))).toEqual([60, 60, 60]);
  const { nodes } = await cluster().status();
  expect(nodes.map(({ name, state }) => `${name} ${state}`)).toEqual(['n1 live', 'n2 live', 'n3 live']);
  expect(new Set(nodes.map(({ incarnation }) => incarnation)).size).toBe(3);
});

/** A hello as the wire table of the transport has it, without attributes. */
function hello(version: number): Buffer {
  const bytes = Buffer.alloc(33);
  bytes[0] = 1;
  bytes.write('PGWR', 1);
  bytes.writeUInt16LE(version, 5);
  return bytes;
}

const noise = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 167 + (at >> 3) * 13 + 128) % 256));

describe.each(doors)('the port of a %s', (door) => {
  it('cuts off who sends bytes that are no protocol, and the cluster works on', async () => {
    await using stranger = await Stranger.connect(portOf(door));
    stranger.send(noise(4096));
    await until('the stranger is cut off', () => stranger.closed);
  });

  it('answers a web browser that it is no web server', async () => {
    await using stranger = await Stranger.connect(portOf(door));
    stranger.send('GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until('the stranger is cut off', () => stranger.closed);
    expect(stranger.received.toString()).toMatch(/^HTTP\/1\.1 426 /);
    expect(stranger.received.toString()).toContain('pagewire');
  });

  it('cuts off who connects and says nothing', async () => {
    await using stranger = await Stranger.connect(portOf(door));
    await using silent = await Stranger.webSocket(portOf(door));
    await until('both are cut off', () => stranger.closed && silent.closed);
  });

  it('tells who speaks another version that it does', async () => {
    await using stranger = await Stranger.webSocket(portOf(door));
    stranger.sendMessage(hello(PROTOCOL_VERSION + 1));
    await until('the stranger is cut off', () => stranger.closed);
    expect(stranger.received.toString('latin1')).toContain('version-mismatch');
  });

  it('cuts off who sends noise in place of a handshake, and who announces a message over the limit', async () => {
    await using noisy = await Stranger.webSocket(portOf(door));
    noisy.sendMessage(noise(1000));
    await using huge = await Stranger.webSocket(portOf(door));
    huge.sendMessage(noise(1000), 2 ** 40);
    await until('both are cut off', () => noisy.closed && huge.closed);
  });

  it('cuts off who shakes hands and then sends noise', async () => {
    await Promise.all(
      (['ws', 'grpc'] as const).map(async (scheme) => {
        const ended = await new Promise<string>((resolve) => {
          const link = dial({
            url: `${scheme}://127.0.0.1:${portOf(door)}`,
            attributes: { role: door === 'node' ? 'client' : 'admin' },
            handlers: { opened: () => link.send([noise(500)]), envelope: () => {}, closed: (end) => resolve(end.code) },
            link: { resumeMs: 1000 },
          });
        });
        expect(['protocol-violation', 'unreachable']).toContain(ended);
      }),
    );
  });
});

describe.each(['ws', 'grpc'] as const)('a client over %s that asks and never reads', (scheme) => {
  it('costs its node a bounded amount of memory, and disturbs nobody', async () => {
    const client = await cluster().client(0);
    const bytes = 64 * pageBytes;
    const region = await client.region(freshName(), { bytes });
    await region.write(0, filled(bytes, 1));
    const before = residentBytes(cluster().node(0).pid);
    const deaf = await DeafClient.connect(`${scheme}://127.0.0.1:${cluster().node(0).port}`, { name: region.name, bytes });
    expect(deaf.isOpen).toBe(true);
    const { clientOperations } = await cluster().counters(0);
    deaf.ask(4000);
    await until('the node has worked on it', async () => (await cluster().counters(0)).clientOperations > clientOperations);
    const tally = new Tally();
    await increment(region, 0, tally, { times: 300 });
    expect(tally.codes).toEqual(['ok']);
    expect(residentBytes(cluster().node(0).pid) - before).toBeLessThan(150 * 1024 * 1024);
    deaf.listen();
    await until('it is told that there was no room for more', () => deaf.refusals > 0);
    deaf.destroy();
  });
});

/** What /proc says of a process (proc(5), `VmRSS`). */
function residentBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}
