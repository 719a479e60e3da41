import { limits, type RequestMessage, regionId } from '@pagewire/protocol';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createService } from '../src/service.js';
import type { Service } from '../src/service-host.js';
import { TestHost, TestLink, TestRegion } from './service-fixture.js';

let host: TestHost;
let service: Service;
let grid: TestRegion;

/** A client that has opened nothing. */
function stranger(): TestLink {
  const link = new TestLink();
  const acceptance = service.accept(link.peer, link);
  expect(acceptance).toHaveProperty('handlers');
  if ('handlers' in acceptance) link.handlers = acceptance.handlers;
  return link;
}

/** A client that has opened region "grid". */
async function client(): Promise<TestLink> {
  const link = stranger();
  await link.open('grid');
  return link;
}

const write = (id: number, offset: number, ...bytes: number[]): RequestMessage => ({
  kind: 'write',
  id,
  region: grid.id,
  offset,
  content: Uint8Array.from(bytes),
});

beforeEach(() => {
  host = new TestHost();
  service = createService(host);
  grid = host.create('grid', 1 << 20, 4096);
});

describe('regions of a client', () => {
  test('regions are opened by name, listed in parts, and deleted', async () => {
    const link = await client();
    for (let n = 0; n < limits.maxRegionsPerList; n++) host.create(`r${n}`, 4096, 4096);
    link.ask({ kind: 'open-region', id: 1, name: 'new', bytes: 8192, pageBytes: 4096 });
    await vi.waitFor(() => expect(link.reply(1)).toMatchObject({ kind: 'region-opened', record: { name: 'new', bytes: 8192 } }));
    link.ask({ kind: 'list-regions', id: 2 });
    link.ask({ kind: 'list-regions', id: 3, after: regionId(limits.maxRegionsPerList) });
    await vi.waitFor(() => expect(link.answered).toEqual([1, 2, 3]));
    expect(link.reply(2)).toHaveProperty('records.length', limits.maxRegionsPerList);
    expect(link.reply(3)).toMatchObject({ records: [{ name: `r${limits.maxRegionsPerList - 1}` }, { name: 'new' }] });
    link.ask({ kind: 'delete-region', id: 4, name: 'new' });
    await vi.waitFor(() => expect(link.reply(4)).toEqual({ kind: 'deleted', id: 4 }));
  });

  test('each page of the list of regions is asked for once', async () => {
    const link = stranger();
    link.ask({ kind: 'list-regions', id: 1 });
    link.ask({ kind: 'list-regions', id: 2, after: regionId(7) });
    await vi.waitFor(() => expect(link.answered).toEqual([1, 2]));
    expect(host.listed).toEqual([undefined, 7]);
  });

  test('a region is served only on the links on which it was opened', async () => {
    const [opener, other] = [await client(), stranger()];
    other.ask(write(1, 0, 1));
    await vi.waitFor(() => expect(other.reply(1)).toMatchObject({ kind: 'failed', code: 'no-such-region' }));
    expect(grid.effects).toEqual([]);
    opener.ask(write(1, 0, 1));
    await vi.waitFor(() => expect(opener.reply(1)).toEqual({ kind: 'written', id: 1 }));
  });

  test('a number that belongs to another region by now is not served to who opened the former one', async () => {
    const link = await client();
    host.regions.set('grid', new TestRegion({ region: grid.id, name: 'grid', bytes: 1 << 20, pageBytes: 4096 }));
    link.ask(write(1, 0, 1));
    await vi.waitFor(() => expect(link.reply(1)).toMatchObject({ kind: 'failed', code: 'no-such-region' }));
    await link.open('grid');
    link.ask(write(2, 0, 1));
    await vi.waitFor(() => expect(link.reply(2)).toEqual({ kind: 'written', id: 2 }));
  });

  test('a deleted region is told to the clients that opened it and to no others', async () => {
    const [opener, other] = [await client(), stranger()];
    await host.deleteRegion('grid');
    expect(opener.received.at(-1)).toEqual({ kind: 'region-deleted', region: grid.id });
    expect(other.received).toEqual([]);
  });
});
