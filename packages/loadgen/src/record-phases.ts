import { PagewireError, type RegionAccess } from '@pagewire/protocol';
import { loadLimits } from './options.js';
import { inParallel, persist } from './persistence.js';
import { loader, type RecordStore } from './record-store.js';
import { type Conclusion, count, regionFor, type WorkloadContext } from './workload.js';

const SWEEP_BYTES = 64 * 1024;
const SWEEP_DEPTH = 4;

/** The load phase: writes records 0 to `records` - 1, a page at a time, from all clients. Throws when a page cannot be written. */
export async function loadRecords(
  store: RecordStore,
  { clock, stop }: WorkloadContext,
  {
    regions,
    records,
    onReady,
  }: { readonly regions: readonly RegionAccess[]; readonly records: number; readonly onReady: (count: number) => void },
): Promise<void> {
  const { perPage } = store.layout;
  await inParallel({ count: Math.ceil(records / perPage), width: regions.length * loadLimits.loadDepth, stop }, async (page) => {
    const first = page * perPage;
    const size = Math.min(perPage, records - first);
    const patience = { clock, stop, deadlineMs: clock.now() + loadLimits.loadPatienceMs };
    const result = await persist(patience, (attempt) => store.load(regionFor(regions, { job: page, attempt }), first, size));
    if (!result.ok && result.code !== 'page-lost' && !stop.requested) {
      throw new PagewireError(
        result.code,
        `records ${first} to ${first + size - 1} could not be loaded into region "${regions[0]?.name}" within ${loadLimits.loadPatienceMs} ms; ` +
          'the last attempt failed with this code. Check that the cluster is up with `pagewire status`',
      );
    }
    onReady(size);
  });
}

/** Reads records 0 to `records` - 1 back and verifies them, so that a write nobody has read since is checked too. Returns how many it could read. */
export async function sweepRecords(
  store: RecordStore,
  { clock }: WorkloadContext,
  conclusion: Conclusion & { readonly records: number },
): Promise<number> {
  const { regions, records, deadlineMs, stop, onChecked } = conclusion;
  const { layout } = store;
  const perChunk = layout.perPage * Math.max(1, Math.floor(SWEEP_BYTES / layout.pageBytes));
  const patience = { clock, stop, deadlineMs };
  let swept = 0;
  const readBack = async (chunk: number, first: number, size: number): Promise<boolean> => {
    const result = await persist(patience, (attempt) =>
      store.readRange({ region: regionFor(regions, { job: chunk, attempt }), writer: loader }, first, size),
    );
    if (result.ok) {
      swept += size;
      onChecked(size);
    }
    return result.ok || result.code !== 'page-lost';
  };
  await inParallel({ count: Math.ceil(records / perChunk), width: regions.length * SWEEP_DEPTH, stop }, async (chunk) => {
    const first = chunk * perChunk;
    if (await readBack(chunk, first, Math.min(perChunk, records - first))) return;
    // One lost page fails the whole range: read its pages one by one.
    for (let key = first; key < Math.min(first + perChunk, records); key += layout.perPage) {
      await readBack(chunk, key, Math.min(layout.perPage, records - key));
    }
  });
  return swept;
}

/** The verdict on records, in words. */
export function recordSummary({ verdict }: WorkloadContext, swept: { readonly records: number; readonly of: number }): string {
  const missing = swept.of - swept.records;
  const gap = missing > 0 ? `; the final check could not read ${count(missing)} of ${count(swept.of)} records` : '';
  return `${count(verdict.checks)} records checked; ${count(verdict.wrong)} wrong${gap}`;
}
