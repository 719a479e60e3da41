import { encodeMessage, type PagewireError, pageId, regionId, requestId, version } from '@pagewire/protocol';
import { dial, type Link, type LinkEnd } from '@pagewire/transport';
import { afterEach, describe, expect, it } from 'vitest';
import { type JoinOptions, join, type Node, type NodeState } from '../src/index.js';
import { FakeCoordinator } from './fake-coordinator.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  // Nodes first: they say goodbye to their coordinator.
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

async function startCoordinator(): Promise<FakeCoordinator> {
  const coordinator = await FakeCoordinator.start();
  open.push(coordinator);
  return coordinator;
}

async function startNode(coordinator: FakeCoordinator, name: string, options: Partial<JoinOptions> = {}): Promise<Node> {
  const node = await join({ coordinator: coordinator.url, name, memory: 'software', ...options });
  open.push(node);
  return node;
}

const failure = (promise: Promise<unknown>): Promise<PagewireError> =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );

const statesOf = (node: Node): NodeState[] => {
  const states: NodeState[] = [];
  node.onStateChange((state) => states.push(state));
  return states;
};

describe('join', () => {
  it('makes nodes of which each sees what the others wrote, over whatever transports their pairs use', async () => {
    const coordinator = await startCoordinator();
    const nodes = [await startNode(coordinator, 'n1'), await startNode(coordinator, 'n2'), await startNode(coordinator, 'n3')];
    const regions = await Promise.all(nodes.map((node) => node.region('grid', { bytes: 8192 })));
    await Promise.all(regions.flatMap((region) => Array.from({ length: 40 }, () => region.atomics.add('int32', 0, 1))));
    expect(await Promise.all(regions.map((region) => region.atomics.load('int32', 0)))).toEqual([120, 120, 120]);
  });

  it.each([['ws'], ['grpc']] as const)('works where nodes offer only %s', async (transport) => {
    const coordinator = await startCoordinator();
    const one = await startNode(coordinator, 'n1', { transports: [transport] });
    const two = await startNode(coordinator, 'n2', { transports: [transport] });
    expect(one.urls).toEqual([expect.stringMatching(`^${transport}://127.0.0.1:`)]);
    await (await one.region('r', { bytes: 4096 })).write(0, Uint8Array.of(1));
    expect(await (await two.region('r')).read(0, 1)).toEqual(Uint8Array.of(1));
  });

  it('names the coordinator that it cannot reach', async () => {
    const coordinator = 'ws://127.0.0.1:9';
    const error = await failure(join({ coordinator, name: 'n1', memory: 'software', joinTimeoutMs: 300 }));
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringContaining(coordinator) });
  });

  it('passes on why the coordinator refuses', async () => {
    const coordinator = await startCoordinator();
    await startNode(coordinator, 'n1');
    expect(await failure(join({ coordinator: coordinator.url, name: 'n1', memory: 'software' }))).toMatchObject({ code: 'name-taken' });
  });

  it.each([
    ['a coordinator that is no URL', { coordinator: 'localhost' }, 'bad-argument'],
    ['a name with a space', { name: 'n 1' }, 'bad-argument'],
    ['an address without a port', { listen: '127.0.0.1' }, 'bad-argument'],
    ['an address that no list of members can hold', { advertise: `${'x'.repeat(300)}:7000` }, 'bad-argument'],
    ['an unknown transport', { transports: ['pigeon' as 'ws'] }, 'bad-argument'],
    ['no time at all', { joinTimeoutMs: 0 }, 'bad-argument'],
    ['an address beyond loopback', { listen: '0.0.0.0:0' }, 'insecure-listen'],
  ] as const)('refuses %s', async (_name, wrong, code) => {
    expect(await failure(join({ coordinator: 'ws://127.0.0.1:9', name: 'n1', ...wrong }))).toMatchObject({ code });
  });

  it('says what memory it took and why', async () => {
    const node = await startNode(await startCoordinator(), 'n1');
    expect(node).toMatchObject({ memory: 'software', memoryReason: 'software memory was asked for' });
  });
});

describe('regions of a node', () => {
  it('share their memory between handles', async () => {
    const node = await startNode(await startCoordinator(), 'n1');
    const one = await node.region('r', { bytes: 4096 });
    const two = await node.region('r');
    await one.write(0, Uint8Array.of(5));
    expect(await two.read(0, 1)).toEqual(Uint8Array.of(5));
    await one.close();
    expect(await failure(one.read(0, 1))).toMatchObject({ code: 'closed' });
    expect(await two.read(0, 1)).toEqual(Uint8Array.of(5));
  });

  it('give their pages back when the last handle closes, and can be opened again', async () => {
    const node = await startNode(await startCoordinator(), 'n1');
    const region = await node.region('r', { bytes: 4096 });
    await region.write(0, Uint8Array.of(5));
    await region.close();
    expect(node.counters().residentPages).toBe(0);
    expect(await (await node.region('r')).read(0, 1)).toEqual(Uint8Array.of(5));
  });

  it('fail with no-such-region on every node once one has deleted them', async () => {
    const coordinator = await startCoordinator();
    const [one, two] = [await startNode(coordinator, 'n1'), await startNode(coordinator, 'n2')];
    const region = await one.region('r', { bytes: 4096 });
    await region.write(0, Uint8Array.of(5));
    const pin = await region.pin(0, 1);
    await two.deleteRegion('r');
    // The answer to one node and the news to the other travel on different links.
    await expect.poll(() => one.counters().residentPages).toBe(0);
    expect(await failure(region.read(0, 1))).toMatchObject({ code: 'no-such-region' });
    expect(() => pin.bytes).toThrow(expect.objectContaining({ code: 'no-such-region' }));
    pin.release();
    expect(await two.regions()).toEqual([]);
  });
});

describe('a node whose lease ends', () => {
  it('fences itself, joins again as a new incarnation, and its handles go on', async () => {
    const coordinator = await startCoordinator();
    coordinator.leaseMs = 400;
    const node = await startNode(coordinator, 'n1');
    const states = statesOf(node);
    const first = node.incarnation;
    const region = await node.region('r', { bytes: 4096 });
    await region.write(0, Uint8Array.of(5));
    const pin = await region.pin(0, 1);
    coordinator.renews = false;
    await expect.poll(() => states[0]).toBe('fenced');
    expect(() => pin.bytes).toThrow(expect.objectContaining({ code: 'fenced' }));
    coordinator.renews = true;
    await expect.poll(() => node.state, { timeout: 5000 }).toBe('live');
    expect(node.incarnation).toBeGreaterThan(first);
    // The page was only here, unconfirmed nowhere else: its bytes died with the first life.
    expect(await failure(region.read(0, 1))).toMatchObject({ code: 'page-lost' });
  });

  it('stays fenced when it is not to rejoin, and says so to every access', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1', { rejoin: false });
    const region = await node.region('r', { bytes: 4096 });
    await region.read(0, 1);
    coordinator.send(node.incarnation, { kind: 'expelled', reason: 'the test wants it' });
    await expect.poll(() => node.state).toBe('fenced');
    expect(await failure(region.read(0, 1))).toMatchObject({ code: 'fenced', message: expect.stringContaining('the test wants it') });
    expect(await failure(node.region('r'))).toMatchObject({ code: 'fenced' });
  });

  it('ends its handles when the region has gone, or the coordinator is another', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1');
    const gone = await node.region('gone', { bytes: 4096 });
    const kept = await node.region('kept', { bytes: 4096 });
    const states = statesOf(node);
    coordinator.regions.delete('gone');
    coordinator.send(node.incarnation, { kind: 'expelled', reason: 'the test wants it' });
    await expect.poll(() => states).toEqual(['fenced', 'live']);
    expect(await failure(gone.read(0, 1))).toMatchObject({ code: 'no-such-region' });
    expect(await kept.read(0, 1)).toEqual(new Uint8Array(1));
    coordinator.cluster = 'c2';
    coordinator.send(node.incarnation, { kind: 'expelled', reason: 'the test wants it' });
    await expect.poll(() => states).toEqual(['fenced', 'live', 'fenced', 'live']);
    expect(await failure(kept.read(0, 1))).toMatchObject({ code: 'no-such-region' });
  });

  it('fences itself when the coordinator goes', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1');
    const states = statesOf(node);
    await coordinator[Symbol.asyncDispose]();
    await expect.poll(() => states, { timeout: 5000 }).toEqual(['fenced']);
  });
});

describe('links between nodes', () => {
  const dialAs = (node: Node, attributes: Record<string, string | number>): Promise<{ link: Link; end: Promise<LinkEnd> }> =>
    new Promise((resolve) => {
      const end = new Promise<LinkEnd>((ended) => {
        const link = dial({
          url: node.urls[0] ?? '',
          attributes,
          handlers: { envelope: () => {}, closed: ended },
        });
        queueMicrotask(() => resolve({ link, end }));
      });
    });

  it.each([
    ['of another cluster', { cluster: 'c9', to: 1, from: 7 }, 'fenced'],
    ['for another life of the node', { cluster: 'c1', to: 9, from: 7 }, 'fenced'],
    ['from an older number', { cluster: 'c1', to: 1, from: 0 }, 'fenced'],
    ['from something that is no number', { cluster: 'c1', to: 1, from: 'x' }, 'fenced'],
  ] as const)('are refused %s', async (_name, attributes, code) => {
    const node = await startNode(await startCoordinator(), 'n1');
    const { end } = await dialAs(node, { role: 'peer', ...attributes });
    expect(await end).toMatchObject({ code });
  });

  it('are refused to who has no role', async () => {
    const node = await startNode(await startCoordinator(), 'n1');
    const { end } = await dialAs(node, {});
    expect(await end).toMatchObject({ code: 'protocol-violation' });
  });

  it('are refused from a node that is lost', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1');
    const other = await startNode(coordinator, 'n2');
    await startNode(coordinator, 'n3');
    await other.close();
    const { end } = await dialAs(node, { role: 'peer', cluster: 'c1', to: node.incarnation, from: other.incarnation });
    expect(await end).toMatchObject({ code: 'fenced' });
  });

  it('that bring what no node sends are cut, and the node goes on', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1');
    const other = await startNode(coordinator, 'n2');
    const { link, end } = await dialAs(node, { role: 'peer', cluster: 'c1', to: node.incarnation, from: other.incarnation });
    link.send(encodeMessage({ kind: 'node-lost', member: node.incarnation }));
    await end;
    await expect.poll(() => coordinator.suspicions).toContain(other.incarnation);
    expect(node.state).toBe('live');
  });

  it('that bring a page of the wrong size are cut, and the node goes on', async () => {
    const coordinator = await startCoordinator();
    const holder = await startNode(coordinator, 'n1');
    const node = await startNode(coordinator, 'n2');
    const vandal = await startNode(coordinator, 'n3');
    const states = statesOf(node);
    const pin = await (await holder.region('r', { bytes: 4096 })).pin(0, 8);
    const waiting = (await node.region('r')).read(0, 1);
    const { link } = await dialAs(node, { role: 'peer', cluster: 'c1', to: node.incarnation, from: vandal.incarnation });
    const [page, id] = [pageId(regionId(1), 0), requestId(1)];
    link.send(encodeMessage({ kind: 'page', items: [{ page, id, version: version(1), content: new Uint8Array(8) }] }));
    await expect.poll(() => coordinator.suspicions).toContain(vandal.incarnation);
    pin.release();
    expect(await waiting).toEqual(new Uint8Array(1));
    expect(states).toEqual([]);
  });

  it('that end while both nodes live are told to the coordinator', async () => {
    const coordinator = await startCoordinator();
    const one = await startNode(coordinator, 'n1');
    const two = await startNode(coordinator, 'n2');
    const region = await one.region('r', { bytes: 4096 });
    await region.write(0, Uint8Array.of(1));
    await (await two.region('r')).read(0, 1);
    const { link } = await dialAs(one, { role: 'peer', cluster: 'c1', to: one.incarnation, from: two.incarnation });
    link.send([Uint8Array.of(1, 2, 3)]);
    await expect.poll(() => coordinator.suspicions).toContain(two.incarnation);
  });
});

describe('close', () => {
  it('gives every page back before it leaves, so that nothing is lost', async () => {
    const coordinator = await startCoordinator();
    const one = await startNode(coordinator, 'n1');
    const two = await startNode(coordinator, 'n2');
    const region = await one.region('r', { bytes: 1 << 20 });
    await region.write(0, new Uint8Array(1 << 20).fill(7));
    await region.pin(0, 4096);
    const number = one.incarnation;
    await one.close();
    expect(one.state).toBe('closed');
    expect(coordinator.left).toEqual([number]);
    expect(Buffer.from(await (await two.region('r')).read(0, 1 << 20)).every((byte) => byte === 7)).toBe(true);
    expect(await failure(region.read(0, 1))).toMatchObject({ code: 'closed' });
    expect(await failure(one.region('r'))).toMatchObject({ code: 'closed' });
  });

  it('ends an access that waits', async () => {
    const coordinator = await startCoordinator();
    const one = await startNode(coordinator, 'n1');
    const two = await startNode(coordinator, 'n2');
    await using pin = await (await one.region('r', { bytes: 4096 })).pin(0, 1);
    const waiting = failure((await two.region('r')).write(0, Uint8Array.of(1)));
    await two.close();
    expect(await waiting).toMatchObject({ code: 'closed' });
    pin.release();
  });

  it('works for a node that is fenced', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1', { rejoin: false });
    coordinator.send(node.incarnation, { kind: 'expelled', reason: 'the test wants it' });
    await expect.poll(() => node.state).toBe('fenced');
    await node.close();
    expect(node.state).toBe('closed');
  });
});
