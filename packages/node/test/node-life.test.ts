import { decodeMessage, InvariantError, type PagewireError, type RegionOptions } from '@pagewire/protocol';
import { dial, type LinkEnd, listen } from '@pagewire/transport';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type JoinOptions, join, type Node } from '../src/index.js';
import { Lease } from '../src/lease.js';
import { Pager } from '../src/pager.js';
import { SoftwareMemory } from '../src/software-memory.js';
import { FakeCoordinator } from './fake-coordinator.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
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

/** A coordinator that lets nobody in, and the addresses of the first that asked. */
async function silentCoordinator(): Promise<{ readonly url: string; readonly asked: Promise<readonly string[]> }> {
  let tell: (urls: readonly string[]) => void = () => {};
  const asked = new Promise<readonly string[]>((resolve) => {
    tell = resolve;
  });
  const envelope = (bytes: Uint8Array): void => {
    const decoded = decodeMessage(bytes);
    tell(decoded.ok && decoded.message.kind === 'join' ? decoded.message.urls : []);
  };
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    accept: () => ({ attributes: {}, handlers: { envelope, closed: () => {} } }),
  });
  open.push({ [Symbol.asyncDispose]: () => listener.close() });
  return { url: listener.url('ws'), asked };
}

describe('a node that has not joined yet', () => {
  it('turns clients away, and says why', async () => {
    const { url, asked } = await silentCoordinator();
    const joining = failure(join({ coordinator: url, name: 'n1', memory: 'software', joinTimeoutMs: 1000 }));
    const [own = ''] = await asked;
    const end = await new Promise<LinkEnd>((closed) => {
      dial({ url: own, attributes: { role: 'client' }, handlers: { envelope: () => {}, closed } });
    });
    expect(end).toMatchObject({ code: 'unreachable', reason: expect.stringContaining('still joining') });
    expect(await joining).toMatchObject({ code: 'unreachable' });
  });
});

describe('a node', () => {
  it('reaches its peers whatever fraction of a millisecond a lease has', async () => {
    const coordinator = await startCoordinator();
    coordinator.leaseMs = 2999.5;
    const one = await startNode(coordinator, 'n1');
    const two = await startNode(coordinator, 'n2');
    await (await one.region('r', { bytes: 4096 })).write(0, Uint8Array.of(1));
    expect(await (await two.region('r')).read(0, 1)).toEqual(Uint8Array.of(1));
  });

  it('has no region created that it could not hold', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1');
    expect(await failure(node.region('big', { bytes: 2 ** 40, pageBytes: 65_536 }))).toMatchObject({ code: 'unsupported' });
    expect(coordinator.regions.size).toBe(0);
  });

  it('rounds the size of a region up to whole pages', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1');
    expect((await node.region('odd', { bytes: 4097 })).bytes).toBe(8192);
  });

  it('that is a member again lets no access in before it says so', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1');
    const region = await node.region('r', { bytes: 4096 });
    const { begin } = Pager.prototype;
    const tooEarly: Promise<unknown>[] = [];
    vi.spyOn(Pager.prototype, 'begin').mockImplementation(function (this: Pager, agent, incarnation) {
      begin.call(this, agent, incarnation);
      tooEarly.push(failure(region.read(0, 1)));
    });
    const states: string[] = [];
    node.onStateChange((state) => states.push(state));
    coordinator.send(node.incarnation, { kind: 'expelled', reason: 'the test wants it' });
    await expect.poll(() => states).toEqual(['fenced', 'live']);
    expect(await Promise.all(tooEarly)).toEqual([expect.objectContaining({ code: 'fenced' })]);
    expect(await region.read(0, 1)).toEqual(new Uint8Array(1));
  });

  it('refuses options that are none before anybody hears of them', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1');
    // Programs in JavaScript can pass anything.
    const none = null as unknown as RegionOptions;
    const text = { bytes: 64, pageBytes: '64' as unknown as number };
    expect(await failure(node.region('r', none))).toMatchObject({ name: 'PagewireError', code: 'bad-argument' });
    expect(await failure(node.region('r', text))).toMatchObject({ name: 'PagewireError', code: 'bad-argument' });
    expect(coordinator.regions.size).toBe(0);
  });

  it('that cannot take the renewal of its lease for a bug ends, and says so', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1');
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    vi.spyOn(Lease.prototype, 'renewed').mockImplementation(() => {
      throw new InvariantError('the test wants it');
    });
    await expect.poll(() => node.state).toBe('closed');
    expect(warned).toHaveBeenCalledOnce();
  });

  it('whose code has a bug ends, and says so', async () => {
    const coordinator = await startCoordinator();
    const node = await startNode(coordinator, 'n1');
    const region = await node.region('r', { bytes: 4096 });
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    vi.spyOn(SoftwareMemory.prototype, 'stage').mockImplementation(() => {
      throw new InvariantError('the test wants it');
    });
    const changes: string[] = [];
    node.onStateChange((state, reason) => changes.push(`${state}: ${reason}`));
    expect(await failure(region.read(0, 1))).toMatchObject({ code: 'fenced', message: expect.stringContaining('the test wants it') });
    await expect.poll(() => node.state).toBe('closed');
    expect(changes).toEqual([expect.stringMatching(/^fenced: a bug/), expect.stringMatching(/^closed: a bug/)]);
    expect(warned).toHaveBeenCalledOnce();
  });
});

describe('close', () => {
  it('brings a page back that was on its way to a write', async () => {
    const coordinator = await startCoordinator();
    const one = await startNode(coordinator, 'n1');
    const region = await one.region('r', { bytes: 4096 });
    for (let turn = 0; turn < 3; turn++) {
      const two = await startNode(coordinator, 'n2');
      const theirs = await two.region('r');
      await region.write(0, Uint8Array.of(42));
      const write = failure(theirs.write(0, Uint8Array.of(1)));
      await two.close();
      expect(await write).toMatchObject({ code: 'closed' });
      expect(await region.read(0, 1)).toEqual(Uint8Array.of(42));
    }
  });

  it('gives back more than one window holds', async () => {
    const coordinator = await startCoordinator();
    const one = await startNode(coordinator, 'n1');
    const bytes = 12 << 20;
    const region = await one.region('r', { bytes, pageBytes: 65_536 });
    await region.write(0, new Uint8Array(bytes).fill(7));
    await one.close();
    expect(coordinator.home.status().pages).toMatchObject({ unheld: bytes / 65_536, lost: 0 });
  });
});
