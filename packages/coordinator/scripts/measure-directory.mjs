// Prints what one page costs in the directory, in bytes of heap: `node scripts/measure-directory.mjs [pages…]`, after a build.
// A page that holds bytes at the coordinator (shared after a write, or unheld) costs its bytes too; those are counted by `storedBytes`.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Home, incarnation, limits, millis, pageId, regionId, requestId } from '@pagewire/protocol';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc');
const now = millis(0);
const region = regionId(1);

function heapBytes() {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** A home whose first `pageCount` pages are held with `right` by each of `holders` nodes. */
function homeWith({ pageCount, right, holders }) {
  const home = new Home();
  home.step(now, { kind: 'region-created', region, pageCount, pageBytes: limits.defaultPageBytes });
  for (let holder = 1; holder <= holders; holder++) {
    const from = incarnation(holder);
    home.step(now, { kind: 'member-joined', member: from });
    for (let first = 0; first < pageCount; first += limits.maxItemsPerMessage) {
      const length = Math.min(limits.maxItemsPerMessage, pageCount - first);
      const items = Array.from({ length }, (_, i) => ({ page: pageId(region, first + i), id: requestId(first + i), right }));
      home.step(now, { kind: 'message', from, message: { kind: 'acquire', items } });
      home.step(now, { kind: 'message', from, message: { kind: 'acquired', items } });
    }
  }
  return home;
}

/** A function of its own, so that the home of one measurement is garbage before the next begins. */
function measure(load) {
  const before = heapBytes();
  const home = homeWith(load);
  const bytes = heapBytes() - before;
  return { ...load, heapBytesPerPage: Math.round(bytes / load.pageCount), heapMiB: Math.round(bytes / 2 ** 20), ...home.status() };
}

const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [100_000, 1_000_000];
for (const pageCount of counts) {
  console.log(JSON.stringify(measure({ pageCount, right: 'exclusive', holders: 1 })));
  console.log(JSON.stringify(measure({ pageCount, right: 'readonly', holders: 1 })));
  console.log(JSON.stringify(measure({ pageCount, right: 'readonly', holders: 3 })));
}
