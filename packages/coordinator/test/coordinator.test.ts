import { Home, incarnation, pageId, requestId } from '@pagewire/protocol';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Coordinator, type CoordinatorOptions, startCoordinator, startWithDirectory } from '../src/coordinator.js';
import type { LogLine } from '../src/log.js';
import type { ClusterStatus } from '../src/status.js';
import { Probe } from './probe.js';
import { noCounters } from './router-bench.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const local = { host: '127.0.0.1', port: 0 } as const;

async function coordinatorWith(options: Partial<CoordinatorOptions> = {}): Promise<Coordinator> {
  const coordinator = await startCoordinator({ ...local, ...options });
  cleanups.push(() => coordinator.close());
  return coordinator;
}

function probe(coordinator: Coordinator, attributes: Record<string, string>, transport: 'ws' | 'grpc' = 'ws'): Probe {
  const made = new Probe(coordinator.url(transport), attributes);
  cleanups.push(() => made[Symbol.asyncDispose]());
  return made;
}

async function joined(coordinator: Coordinator, name: string, transport: 'ws' | 'grpc' = 'ws') {
  const node = probe(coordinator, { role: 'node', name }, transport);
  node.say({ kind: 'join', name, urls: [`ws://${name}:1`] });
  const { incarnation: member, cluster } = await node.next('joined');
  return { node, member, cluster };
}

describe('a running coordinator', () => {
  test.each(['ws', 'grpc'] as const)('admits a node, opens a region and grants a page over %s', async (transport) => {
    const coordinator = await coordinatorWith();
    const { node, member, cluster } = await joined(coordinator, 'n1', transport);
    expect((await node.next('members')).members).toEqual([{ incarnation: member, name: 'n1', urls: ['ws://n1:1'] }]);
    node.say({ kind: 'open-region', id: 1, name: 'grid', bytes: 4096 });
    const { record } = await node.next('region-opened');
    node.say({ kind: 'acquire', items: [{ page: pageId(record.region, 0), id: requestId(1), right: 'readonly' }] });
    expect((await node.next('grant')).items).toMatchObject([{ id: 1, right: 'readonly', content: 'zero' }]);
    node.say({ kind: 'renew', sentAt: 42.5, counters: noCounters });
    expect(await node.next('renewed')).toEqual({ kind: 'renewed', sentAt: 42.5 });
    expect(coordinator.status()).toMatchObject({ cluster, nodes: [{ name: 'n1', state: 'live' }], regions: [{ name: 'grid' }] });
  });

  test('answers the status request of an admin', async () => {
    const coordinator = await coordinatorWith();
    const admin = probe(coordinator, { role: 'admin' });
    admin.say({ kind: 'status', id: 7 });
    const { id, json } = await admin.next('status-reported');
    const status: ClusterStatus = JSON.parse(json);
    expect(id).toBe(7);
    expect(status).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/), cluster: coordinator.status().cluster, nodes: [] });
    expect(status.process.rss).toBeGreaterThan(status.process.heap);
  });

  test('declares a node lost whose renewals stop, and tells it and the others', async () => {
    const coordinator = await coordinatorWith({ leaseMs: 400, renewEveryMs: 50 });
    const [silent, talker] = [await joined(coordinator, 'n1'), await joined(coordinator, 'n2')];
    const renewing = setInterval(() => talker.node.say({ kind: 'renew', sentAt: 0, counters: noCounters }), 50);
    cleanups.push(async () => clearInterval(renewing));
    expect((await talker.node.next('node-lost')).member).toBe(silent.member);
    await silent.node.next('expelled');
    expect(coordinator.status().nodes).toMatchObject([{ name: 'n2', state: 'live' }]);
  });

  test('takes a node back at once that has fenced itself after its link ended', async () => {
    const coordinator = await coordinatorWith();
    const { node, member } = await joined(coordinator, 'n1');
    await node.link.close();
    const again = probe(coordinator, { role: 'node', name: 'n1' });
    again.say({ kind: 'join', name: 'n1', urls: [], previous: member });
    expect((await again.next('joined')).incarnation).toBeGreaterThan(member);
  });

  test('ends the link of a node that sends garbage, expels it, and goes on with the others', async () => {
    const lines: LogLine[] = [];
    const coordinator = await coordinatorWith({ log: (line) => lines.push(line) });
    const [bad, good] = [await joined(coordinator, 'n1'), await joined(coordinator, 'n2')];
    bad.node.link.send([new Uint8Array([1, 2, 3])]);
    await bad.node.ended();
    good.node.say({ kind: 'renew', sentAt: 1, counters: noCounters });
    await good.node.next('renewed');
    expect(coordinator.status().nodes).toMatchObject([
      { name: 'n1', state: 'expelled' },
      { name: 'n2', state: 'live' },
    ]);
    expect(lines).toContainEqual(expect.objectContaining({ event: 'protocol-violation', name: 'n1' }));
  });

  test('turns a node away with a reason that says something out of turn', async () => {
    const coordinator = await coordinatorWith();
    const node = probe(coordinator, { role: 'node', name: 'n1' });
    node.say({ kind: 'suspect', member: incarnation(1) });
    expect(await node.next('failed')).toMatchObject({ id: 0, code: 'protocol-violation', message: expect.stringContaining('suspect') });
    expect(await node.ended()).toMatchObject({ code: 'closed', reason: expect.stringContaining('suspect') });
  });

  test.each([
    ['no role', {}],
    ['a role that it does not know', { role: 'king' }],
    ['a node without a name', { role: 'node' }],
    ['a node with a bad name', { role: 'node', name: 'n 1' }],
  ])('refuses %s in the handshake', async (_who, attributes) => {
    const coordinator = await coordinatorWith();
    expect(await probe(coordinator, attributes).ended()).toMatchObject({ code: 'bad-argument' });
  });

  test('ends every link when it is closed', async () => {
    const coordinator = await coordinatorWith();
    const { node } = await joined(coordinator, 'n1');
    await Promise.all([coordinator.close(), coordinator.close()]);
    expect(await node.ended()).toMatchObject({ code: 'closed' });
  });

  test('closes itself when a machine finds a bug, and says so without a stack trace', async () => {
    const lines: LogLine[] = [];
    class BrokenHome extends Home {
      override step(...[now, input]: Parameters<Home['step']>): ReturnType<Home['step']> {
        if (input.kind === 'region-created') throw new RangeError('two owners of page 1:0');
        return super.step(now, input);
      }
    }
    const fatal: string[] = [];
    const options = { ...local, log: (line: LogLine) => lines.push(line), onFatal: (error: Error) => fatal.push(error.message) };
    const coordinator = await startWithDirectory(options, new BrokenHome());
    cleanups.push(() => coordinator.close());
    const { node } = await joined(coordinator, 'n1');
    node.say({ kind: 'open-region', id: 1, name: 'grid', bytes: 1 });
    await node.ended();
    await vi.waitFor(() => expect(fatal).toEqual(['two owners of page 1:0']));
    const loud = lines.filter((line) => line.level !== 'debug');
    expect(loud).toContainEqual(expect.objectContaining({ level: 'error', event: 'fatal', why: expect.stringContaining('two owners') }));
    expect(JSON.stringify(loud)).not.toMatch(/\.[jt]s:\d+/);
  });
});

describe('starting', () => {
  test.each<[string, Partial<CoordinatorOptions>, string]>([
    ['a lease that does not last two renewals and the margin', { leaseMs: 1000, renewEveryMs: 500 }, 'bad-argument'],
    ['times that are no times', { leaseMs: Number.NaN }, 'bad-argument'],
    ['a negative store', { storeBytes: -1 }, 'bad-argument'],
    ['an address beyond loopback', { host: '0.0.0.0' }, 'insecure-listen'],
  ])('%s is refused', async (_what, options, code) => {
    await expect(startCoordinator({ ...local, ...options })).rejects.toMatchObject({ name: 'PagewireError', code });
  });

  test('a port in use is refused', async () => {
    const { port } = await coordinatorWith();
    await expect(startCoordinator({ ...local, port })).rejects.toMatchObject({ code: 'address-in-use' });
  });
});
