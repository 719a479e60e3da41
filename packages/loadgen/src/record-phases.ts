import { PagewireError } from '@pagewire/protocol';
import type { ClientPool } from './client-pool.js';
import { loadLimits } from './options.js';
import { inParallel } from './persistence.js';
import { loader, type RecordStore } from './record-store.js';
import { type Conclusion, type ConclusionResult, count, type WorkloadContext } from './workload.js';

const SWEEP_BYTES = 64 * 1024;
const SWEEP_DEPTH = 4;

/** The load phase: writes records 0 to `records` - 1, a page at a time, from all clients. Throws when a page cannot be written. */
export async function loadRecords(
  store: RecordStore,
  { clock, stop }: WorkloadContext,
  { pool, records, onReady }: { readonly pool: ClientPool; readonly records: number; readonly onReady: (count: number) => void },
): Promise<void> {
  const { perPage } = store.layout;
  await inParallel({ count: Math.ceil(records / perPage), width: pool.size * loadLimits.loadDepth, stop }, async (page) => {
    const first = page * perPage;
    const size = Math.min(perPage, records - first);
    const patience = { clock, stop, deadlineMs: clock.now() + loadLimits.loadPatienceMs };
    const result = await pool.persist(patience, page, (region) => store.load(region, first, size));
    if (!result.ok && result.code !== 'page-lost' && !stop.requested) {
      throw new PagewireError(
        result.code,
        `records ${first} to ${first + size - 1} could not be loaded into region "${pool.regionName}" within ${loadLimits.loadPatienceMs} ms; ` +
          'the last attempt failed with this code. Check that the cluster is up with `pagewire status`',
      );
    }
    onReady(size);
  });
}

/**
 * Reads records 0 to `records` - 1 back and verifies them, so that a write nobody has read since is checked too. Returns the verdict on all
 * records of the run.
 */
export async function sweepRecords(
  store: RecordStore,
  { clock, verdict }: WorkloadContext,
  conclusion: Conclusion & { readonly records: number },
): Promise<ConclusionResult> {
  const { pool, records, deadlineMs, stop, onChecked } = conclusion;
  const { layout } = store;
  const perChunk = layout.perPage * Math.max(1, Math.floor(SWEEP_BYTES / layout.pageBytes));
  const patience = { clock, stop, deadlineMs };
  let swept = 0;
  const readBack = async (chunk: number, first: number, size: number): Promise<boolean> => {
    const result = await pool.persist(patience, chunk, (region) => store.readRange({ region, writer: loader }, first, size));
    if (result.ok) {
      swept += size;
      onChecked(size);
    }
    return result.ok || result.code !== 'page-lost';
  };
  await inParallel({ count: Math.ceil(records / perChunk), width: pool.size * SWEEP_DEPTH, stop }, async (chunk) => {
    const first = chunk * perChunk;
    if (await readBack(chunk, first, Math.min(perChunk, records - first))) return;
    // One lost page fails the whole range: read its pages one by one.
    for (let key = first; key < Math.min(first + perChunk, records); key += layout.perPage) {
      if (!store.isSetAside(key)) await readBack(chunk, key, Math.min(layout.perPage, records - key));
    }
  });
  const lost = store.setAside(records);
  const aside = lost > 0 ? `; ${count(lost)} of ${count(records)} lie on lost pages` : '';
  return {
    // A record on a page that was lost after it was read back is not missing twice.
    unread: Math.max(0, records - swept - lost),
    summary: `${count(verdict.checks)} records checked, ${count(verdict.wrong)} wrong${aside}`,
  };
}
