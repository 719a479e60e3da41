import { regionId } from '@pagewire/protocol';
import { afterEach, expect, it } from 'vitest';
import { join, type Node } from '../src/index.js';
import { FakeCoordinator } from './fake-coordinator.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

async function startCoordinator(): Promise<FakeCoordinator> {
  const coordinator = await FakeCoordinator.start();
  open.push(coordinator);
  return coordinator;
}

async function joinAt(coordinator: FakeCoordinator): Promise<Node> {
  const node = await join({ coordinator: coordinator.url, name: 'n1', memory: 'software' });
  open.push(node);
  return node;
}

it.each([0, 1, 2 ** 31, 1e300])('a lease of %d ms, which no timer can keep, is not joined for', async (leaseMs) => {
  const coordinator = await startCoordinator();
  coordinator.leaseMs = leaseMs;
  await expect(joinAt(coordinator)).rejects.toMatchObject({
    code: 'protocol-violation',
    message: expect.stringContaining('cannot be kept'),
  });
});

it.each([
  ['pages of no bytes', { bytes: 4096, pageBytes: 0 }],
  ['pages that are no power of two', { bytes: 3000, pageBytes: 1000 }],
  ['half a page', { bytes: 4096 + 2048, pageBytes: 4096 }],
  ['no bytes', { bytes: 0, pageBytes: 4096 }],
  ['more bytes than there may be', { bytes: Number.MAX_SAFE_INTEGER, pageBytes: 65_536 }],
])('a region that is said to have %s is not opened, and the node goes on', async (_, shape) => {
  const coordinator = await startCoordinator();
  const node = await joinAt(coordinator);
  coordinator.regions.set('grid', { region: regionId(900), name: 'grid', ...shape });
  await expect(node.region('grid')).rejects.toMatchObject({ code: 'protocol-violation' });
  const other = await node.region('other', { bytes: 4096 });
  expect(await other.atomics.add('int32', 0, 1)).toBe(0);
});
