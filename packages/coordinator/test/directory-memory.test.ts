import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Home, incarnation, limits, millis, pageId, type Right, regionId, requestId, version } from '@pagewire/protocol';
import { expect, test } from 'vitest';

// `scripts/measure-directory.mjs` gives the exact figures; here they are only bounded.
const maxHeapBytesPerHeldPage = 1024;

setFlagsFromString('--expose_gc');
const collect: () => void = runInNewContext('gc');
const heapBytes = (): number => {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
};

const now = millis(0);
const region = regionId(1);

/** A home with one region and three members. */
function homeWithRegion(pageCount: number): Home {
  const home = new Home();
  home.step(now, { kind: 'region-created', region, pageCount, pageBytes: limits.defaultPageBytes });
  for (const member of [1, 2, 3]) home.step(now, { kind: 'member-joined', member: incarnation(member) });
  return home;
}

/** One member acquires these pages. */
function hold(home: Home, member: number, right: Right, pages: readonly number[]): void {
  const from = incarnation(member);
  for (let first = 0; first < pages.length; first += limits.maxItemsPerMessage) {
    const items = pages
      .slice(first, first + limits.maxItemsPerMessage)
      .map((index) => ({ page: pageId(region, index), id: requestId(index), right }));
    home.step(now, { kind: 'message', from, message: { kind: 'acquire', items } });
    home.step(now, { kind: 'message', from, message: { kind: 'acquired', items } });
  }
}

const manyPages = Array.from({ length: 20_000 }, (_, index) => index);

/** Heap that `build` leaves in use for what it returns. A function of its own, so that what was measured before is garbage by now. */
function measured(build: () => Home): { readonly bytes: number; readonly status: ReturnType<Home['status']> } {
  const before = heapBytes();
  const home = build();
  const bytes = heapBytes() - before;
  return { bytes, status: home.status() };
}

test('a page that nobody has touched costs nothing', () => {
  const pageCount = limits.maxRegionBytes / limits.defaultPageBytes;
  const { bytes, status } = measured(() => {
    const home = homeWithRegion(pageCount);
    hold(home, 1, 'readonly', [0, pageCount - 1]);
    return home;
  });
  // A quarter of a billion pages: a single bit for each would be 32 MiB.
  expect(bytes).toBeLessThan(2 ** 20);
  expect(status).toEqual({ pages: { unheld: 0, shared: 2, exclusive: 0, busy: 0, lost: 0 }, storedBytes: 0 });
});

test.each<[string, Right, number[]]>([
  ['exclusive', 'exclusive', [1]],
  ['readonly by one node', 'readonly', [1]],
  ['readonly by three nodes', 'readonly', [1, 2, 3]],
])('a page held %s costs a bounded amount', (_how, right, members) => {
  const { bytes, status } = measured(() => {
    const home = homeWithRegion(manyPages.length);
    for (const member of members) hold(home, member, right, manyPages);
    return home;
  });
  // The lower bound says that something was measured at all.
  expect(bytes / manyPages.length).toBeGreaterThan(48);
  expect(bytes / manyPages.length).toBeLessThan(maxHeapBytesPerHeldPage);
  expect(status.pages.shared + status.pages.exclusive).toBe(manyPages.length);
});

test('a page that was only read and then given up costs nothing again', () => {
  const { bytes, status } = measured(() => {
    const home = homeWithRegion(manyPages.length);
    hold(home, 1, 'readonly', manyPages);
    const items = manyPages.map((index) => ({ page: pageId(region, index), version: version(0) }));
    home.step(now, { kind: 'message', from: incarnation(1), message: { kind: 'release', items } });
    return home;
  });
  expect(bytes).toBeLessThan(2 ** 20);
  expect(status.pages).toEqual({ unheld: 0, shared: 0, exclusive: 0, busy: 0, lost: 0 });
});
