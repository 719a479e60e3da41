import type { RegionAccess } from '@pagewire/protocol';
import { describe, expect, it } from 'vitest';
import { codeOf, until } from '../src/index.js';
import { filled, freshName, leavesNoProcess, pageBytes, regionOnEach, sharedCluster, valuesIn } from './shared-cluster.js';

leavesNoProcess();

const clusters = (['ws', 'grpc', 'both'] as const).flatMap((transport) => [2, 3, 5].map((nodes) => ({ transport, nodes })));

describe.each(clusters)('$nodes nodes over $transport', ({ transport, nodes }) => {
  const cluster = sharedCluster({ nodes, transport, leaseMs: 20_000 });
  const open = (pages: number): Promise<RegionAccess[]> => regionOnEach(cluster(), freshName(), pages);

  it('an untouched page is zeros everywhere', async () => {
    const regions = await open(2);
    const read = await Promise.all(regions.map((region) => region.read(pageBytes - 100, 200)));
    expect(read).toEqual(regions.map(() => filled(200, 0)));
  });

  it('what one node writes, all others read', async () => {
    const regions = await open(nodes);
    for (const [index, writer] of regions.entries()) {
      await writer.write(index * pageBytes + 10, filled(100, index + 1));
      const read = await Promise.all(regions.map((region) => region.read(index * pageBytes, 120)));
      expect(read).toEqual(regions.map(() => new Uint8Array([...filled(10, 0), ...filled(100, index + 1), ...filled(10, 0)])));
    }
  });

  it('nodes that take turns each change what the one before left', async () => {
    const regions = await open(1);
    for (let round = 0; round < 10; round += 1) {
      for (const region of regions) {
        const [value = 0] = await region.read(5, 1);
        await region.write(5, filled(1, value + 1));
      }
    }
    expect(await regions[0]?.read(4, 3)).toEqual(new Uint8Array([0, 10 * nodes, 0]));
  });

  it('a sharer that writes takes the page from all other sharers', async () => {
    const regions = await open(1);
    for (const [index, writer] of regions.entries()) {
      await Promise.all(regions.map((region) => region.read(0, 8)));
      await writer.write(0, filled(8, index + 1));
      const read = await Promise.all(regions.map((region) => region.read(0, 8)));
      expect(read).toEqual(regions.map(() => filled(8, index + 1)));
    }
  });

  it('a long write across many pages is read whole, from any offset', async () => {
    const pages = 300;
    const [first, last] = await ends(open(pages));
    const bytes = Uint8Array.from({ length: (pages - 2) * pageBytes + 333 }, (_, at) => (at * 31) % 251);
    await first.write(77, bytes);
    expect(Buffer.compare(await last.read(77, bytes.length), bytes)).toBe(0);
    expect(await last.read(77 + 3 * pageBytes - 5, 10)).toEqual(bytes.slice(3 * pageBytes - 5, 3 * pageBytes + 5));
  });

  it('a scan page by page sees all that another wrote, and is fetched ahead', async () => {
    const pages = 200;
    const [first, last] = await ends(open(pages));
    await first.write(
      0,
      Uint8Array.from({ length: pages * pageBytes }, (_, at) => Math.floor(at / pageBytes)),
    );
    const { prefetched } = await cluster().counters(nodes - 1);
    const seen: number[][] = [];
    for (let page = 0; page < pages; page += 1) seen.push(valuesIn(await last.read(page * pageBytes, pageBytes)));
    expect(seen).toEqual(Array.from({ length: pages }, (_, page) => [page]));
    expect((await cluster().counters(nodes - 1)).prefetched).toBeGreaterThan(prefetched);
  });

  it('a region has one shape for all, is listed by all, and is gone for all when one deletes it', async () => {
    const name = freshName();
    const clients = await Promise.all(cluster().nodes.map((_, index) => cluster().client(index)));
    const regions = await Promise.all(clients.map((client) => client.region(name, { bytes: 3 * pageBytes, pageBytes })));
    await regions[0]?.write(0, filled(8, 1));
    await Promise.all(regions.map((region) => region.read(0, 8)));
    const opened = await Promise.all(clients.map((client) => client.region(name)));
    expect(opened.map((region) => region.bytes)).toEqual(clients.map(() => 3 * pageBytes));
    const refused = clients.flatMap((client) => [
      client.region(name, { bytes: 4 * pageBytes }),
      client.region(name, { bytes: 3 * pageBytes, pageBytes: 2 * pageBytes }),
    ]);
    expect(new Set(await Promise.all(refused.map(codeOf)))).toEqual(new Set(['region-mismatch']));
    const lists = await Promise.all(clients.map((client) => client.regions()));
    expect(lists.map((list) => list.filter((record) => record.name === name).length)).toEqual(clients.map(() => 1));

    await clients.at(-1)?.deleteRegion(name);

    const everyAccess = () =>
      regions.flatMap((region) => [region.read(0, 8), region.write(pageBytes, filled(8, 1)), region.atomics.add('int32', 0, 1)]);
    await until('all nodes have heard of it', async () => {
      const codes = await Promise.all(everyAccess().map(codeOf));
      return codes.every((code) => code === 'no-such-region');
    });
    expect(await Promise.all(clients.map((client) => codeOf(client.region(name))))).toEqual(clients.map(() => 'no-such-region'));
    expect(await codeOf(clients[0]?.deleteRegion(name) ?? Promise.resolve())).toBe('no-such-region');
    const anew = await clients[0]?.region(name, { bytes: pageBytes });
    expect(await anew?.read(0, 8)).toEqual(filled(8, 0));
    expect(await Promise.all(regions.map((region) => codeOf(region.read(0, 8))))).toEqual(clients.map(() => 'no-such-region'));
  });
});

async function ends(opening: Promise<RegionAccess[]>): Promise<[first: RegionAccess, last: RegionAccess]> {
  const regions = await opening;
  const [first, last] = [regions[0], regions.at(-1)];
  if (first === undefined || last === undefined) throw new Error('a cluster has nodes');
  return [first, last];
}
