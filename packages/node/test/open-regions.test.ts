import { decodeMessage, encodeMessage, type RegionRecord, type RequestMessage, regionId } from '@pagewire/protocol';
import { dial } from '@pagewire/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { join, type Node } from '../src/index.js';
import { FakeCoordinator } from './fake-coordinator.js';

let coordinator: FakeCoordinator;
let node: Node;
const open: (() => unknown)[] = [];

beforeEach(async () => {
  coordinator = await FakeCoordinator.start();
  node = await join({ coordinator: coordinator.url, name: 'n1', memory: 'software', faultTimeoutMs: 500 });
});

afterEach(async () => {
  for (const end of open.splice(0)) await end();
  await node.close();
  await coordinator[Symbol.asyncDispose]();
});

/** A client's link to the node. */
class Asker {
  readonly answers: { kind: string; [field: string]: unknown }[] = [];
  readonly #link = dial({
    url: node.urls[0] ?? '',
    attributes: { role: 'client' },
    handlers: {
      envelope: (bytes) => {
        const decoded = decodeMessage(bytes);
        if (decoded.ok) this.answers.push({ ...decoded.message });
      },
      closed: () => {},
    },
  });

  constructor() {
    open.push(() => this.#link.destroy());
  }

  async ask(request: RequestMessage): Promise<{ kind: string; [field: string]: unknown }> {
    const before = this.answers.length;
    this.#link.send(encodeMessage(request));
    await expect.poll(() => this.answers.length).toBeGreaterThan(before);
    return this.answers[before] ?? { kind: 'none' };
  }

  /** Names of the regions that the node has memory for. */
  async regions(): Promise<string[]> {
    const { json } = await this.ask({ kind: 'status', id: 1 });
    const { regions }: { regions: RegionRecord[] } = JSON.parse(String(json));
    return regions.map(({ name }) => name);
  }
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error) => error,
  );

describe('a region that is deleted in the same breath in which it is opened', () => {
  beforeEach(() => {
    coordinator.afterOpen = ({ region }) => {
      for (const member of coordinator.seats.keys()) coordinator.send(member, { kind: 'region-deleted', region });
    };
  });

  it('is gone for who opened it, and costs nothing', async () => {
    const region = await node.region('r', { bytes: 4096 });
    expect(await failure(region.read(0, 1))).toMatchObject({ code: 'no-such-region' });
    expect(await new Asker().regions()).toEqual([]);
  });

  it('is gone for clients too', async () => {
    const client = new Asker();
    await client.ask({ kind: 'open-region', id: 1, name: 'r', bytes: 4096 });
    expect(await client.ask({ kind: 'read', id: 2, region: regionId(1), offset: 0, length: 1 })).toMatchObject({
      kind: 'failed',
      code: 'no-such-region',
    });
    expect(await client.regions()).toEqual([]);
  });
});

describe('a closed region', () => {
  it('is forgotten while others are in use', async () => {
    const kept = await node.region('kept', { bytes: 4096 });
    await kept.write(0, Uint8Array.of(1));
    const closed = await node.region('closed', { bytes: 4096 });
    await closed.write(0, Uint8Array.of(2));
    await closed.close();
    expect(await new Asker().regions()).toEqual(['kept']);
    expect(await (await node.region('closed')).read(0, 1)).toEqual(Uint8Array.of(2));
  });

  it('is forgotten once nobody needs its pages, however long that takes', async () => {
    const region = await node.region('r', { bytes: 8192 });
    await region.write(0, Uint8Array.of(1));
    coordinator.takesReleases = false;
    await region.close();
    const asker = new Asker();
    expect(await asker.regions()).toEqual(['r']);
    coordinator.takeReleases();
    await expect.poll(() => asker.regions()).toEqual([]);
  });

  it('keeps the pages that it gains after it was opened again while it was being closed', async () => {
    const region = await node.region('r', { bytes: 8192 });
    await region.write(0, Uint8Array.of(1));
    coordinator.takesReleases = false;
    const closing = region.close();
    const again = await node.region('r');
    await again.write(4096, Uint8Array.of(2));
    const renewals = coordinator.renewals;
    // Several ticks of the node.
    await expect.poll(() => coordinator.renewals).toBeGreaterThan(renewals + 4);
    expect(coordinator.untaken).toHaveLength(1);
    expect(node.counters().residentPages).toBe(2);
    coordinator.takeReleases();
    await closing;
    expect(await again.read(4096, 1)).toEqual(Uint8Array.of(2));
  });
});

describe('regions of a coordinator that was replaced', () => {
  it('are gone for clients, even where the new one uses the same number', async () => {
    const [old, other] = [new Asker(), new Asker()];
    expect(await old.ask({ kind: 'open-region', id: 1, name: 'accounts', bytes: 4096 })).toMatchObject({ record: { region: 1 } });
    coordinator.cluster = 'c2';
    coordinator.regions.clear();
    coordinator.regions.set('payroll', { region: regionId(1), name: 'payroll', bytes: 4096, pageBytes: 4096 });
    coordinator.send(node.incarnation, { kind: 'expelled', reason: 'the test wants it' });
    await expect.poll(() => old.answers.at(-1)).toEqual({ kind: 'region-deleted', region: 1 });
    await expect.poll(() => node.state).toBe('live');
    expect(await other.ask({ kind: 'open-region', id: 1, name: 'payroll' })).toMatchObject({ record: { region: 1, name: 'payroll' } });
    expect(await old.ask({ kind: 'write', id: 2, region: regionId(1), offset: 0, content: Uint8Array.of(0xaa) })).toMatchObject({
      kind: 'failed',
      code: 'no-such-region',
    });
  });
});
