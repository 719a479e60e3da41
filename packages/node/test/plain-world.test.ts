import type { PagewireError } from '@pagewire/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { here, unlessHere } from './memories.js';
import { soon } from './plain-fixture.js';
import type { PlainThread } from './plain-thread.js';
import { PlainWorld } from './plain-world.js';

const pageBytes = here.pageBytes;
const wordsInPage = pageBytes / 4;

let open: PlainWorld[] = [];
const worldOf = (options: { nodes: number; pages: number; pageBytes?: number }): PlainWorld => {
  const plain = new PlainWorld({ pageBytes, ...options });
  open.push(plain);
  return plain;
};

afterEach(async () => {
  for (const plain of open) await plain.close();
  open = [];
});

/** How often a page has come to a node. */
const arrivals = ({ world }: PlainWorld): number => world.nodes.reduce((sum, { pager }) => sum + pager.counters.pagesReceived, 0);

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: PagewireError) => error,
  );

describe.skipIf(!here.supported)(`plain accesses of threads of several nodes${unlessHere}`, () => {
  /** Lets threads go on with what they were told until pages have gone to and fro often; how often each did it. */
  async function contend(plain: PlainWorld, threads: readonly PlainThread[], counts: readonly Promise<number>[]): Promise<number[]> {
    await plain.settle(soon(() => arrivals(plain) > 100));
    for (const thread of threads) thread.rest();
    return plain.settle(Promise.all(counts));
  }

  it('lose no increment of one word', async () => {
    const plain = worldOf({ nodes: 3, pages: 1 });
    const threads = [0, 0, 1, 2].map((node) => plain.thread(node));
    const counts = await contend(
      plain,
      threads,
      threads.map((thread) => thread.add(0)),
    );
    const sum = counts.reduce((all, count) => all + count, 0);
    expect(await plain.settle(plain.node(1).region.atomics.load('int32', 0))).toBe(sum);
    expect(plain.unservable).toEqual([]);
  });

  it('lose no plain store to words of one page that each has for itself', async () => {
    const plain = worldOf({ nodes: 3, pages: 1 });
    const threads = [0, 1, 2].map((node) => plain.thread(node));
    const counts = await contend(
      plain,
      threads,
      threads.map((thread, own) => thread.count(own)),
    );
    const bytes = await plain.settle(plain.node(0).region.read(0, 12));
    expect(new Int32Array(bytes.buffer as ArrayBuffer)).toEqual(Int32Array.from(counts));
  });

  it('see what the nodes write by call, and are seen by it', async () => {
    const plain = worldOf({ nodes: 2, pages: 4 });
    const [writer, other] = [plain.node(0).region, plain.node(1).region];
    const thread = plain.thread(1);
    await plain.settle(writer.write(2 * pageBytes, Uint8Array.of(7, 0, 0, 0)));
    expect(await plain.settle(thread.load(2 * wordsInPage))).toBe(7);
    await plain.settle(thread.store(2 * wordsInPage, 8));
    expect(await plain.settle(writer.read(2 * pageBytes, 1))).toEqual(Uint8Array.of(8));
    expect(await plain.settle(other.atomics.add('int32', 2 * pageBytes, 1))).toBe(8);
    expect(await plain.settle(thread.load(2 * wordsInPage))).toBe(9);
    const pin = await plain.settle(writer.pin(2 * pageBytes, 4));
    pin.bytes[0] = 10;
    const load = thread.load(2 * wordsInPage);
    pin.release();
    expect(await plain.settle(load)).toBe(10);
  });

  it('wait for a page that another node has pinned, and no longer', async () => {
    const plain = worldOf({ nodes: 2, pages: 1 });
    const pin = await plain.settle(plain.node(0).region.pin(0, 4));
    const add = plain.thread(1).addOnce(0);
    await plain.settle(soon(() => plain.node(1).pager.counters.readFaults === 1));
    pin.bytes[0] = 41;
    pin.release();
    await plain.settle(add);
    expect(await plain.settle(plain.node(0).region.read(0, 1))).toEqual(Uint8Array.of(42));
  });

  it('bring the pages of a scan before they are touched', async () => {
    const plain = worldOf({ nodes: 2, pages: 48 });
    await plain.settle(plain.node(0).region.write(0, new Uint8Array(48 * pageBytes).fill(1)));
    const thread = plain.thread(1);
    for (let index = 0; index < 48; index++) expect(await plain.settle(thread.load(index * wordsInPage))).toBe(0x01010101);
    expect(plain.node(1).pager.counters.prefetched).toBeGreaterThan(20);
  });

  it('leave every page to its node when the last of them is given back', async () => {
    const plain = worldOf({ nodes: 2, pages: 8 });
    const thread = plain.thread(0);
    for (let index = 0; index < 8; index++) await plain.settle(thread.store(index * wordsInPage, index));
    const { pager } = plain.node(0);
    await plain.settle(soon(() => pager.release()));
    expect(pager.heldPages).toBe(0);
    const read = await plain.settle(plain.node(1).region.read(7 * pageBytes, 4));
    expect(read).toEqual(Uint8Array.of(7, 0, 0, 0));
  });
});

describe.skipIf(!here.supported)(`a region of more than 4 GiB${unlessHere}`, () => {
  const seam = 4 * 1024 ** 3;
  const large = 65_536;
  const pages = seam / large + 4;

  it('is read, written and prefetched across the seam, and touched there by threads', async () => {
    const plain = worldOf({ nodes: 2, pages, pageBytes: large });
    const [one, other] = [plain.node(0).region, plain.node(1).region];
    const bytes = Uint8Array.from({ length: 16 }, (_, at) => at + 1);
    await plain.settle(one.write(seam - 8, bytes));
    expect(await plain.settle(other.read(seam - 8, 16))).toEqual(bytes);
    await plain.settle(one.prefetch(seam - large, 2 * large, 'exclusive'));
    expect(await plain.settle(one.read(seam - 8, 16))).toEqual(bytes);
    const thread = plain.thread(1, { offset: seam - large, bytes: 2 * large });
    await plain.settle(thread.store(large / 4, 77));
    expect(await plain.settle(one.read(seam - 1, 2))).toEqual(Uint8Array.of(8, 77));
  });

  it('is not pinned across the seam, but on either side of it', async () => {
    const plain = worldOf({ nodes: 1, pages, pageBytes: large });
    const { region } = plain.node(0);
    expect(await failure(region.pin(seam - 1, 2))).toMatchObject({ code: 'unsupported', message: expect.stringContaining(`${seam}`) });
    const pins = await plain.settle(Promise.all([region.pin(seam - 1, 1), region.pin(seam, 1)]));
    expect(pins.map(({ bytes }) => bytes.length)).toEqual([1, 1]);
    for (const pin of pins) pin.release();
  });
});
