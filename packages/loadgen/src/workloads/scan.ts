import type { ClientPool } from '../client-pool.js';
import type { Lane } from '../lanes.js';
import type { Done } from '../meter.js';
import { RecordLayout } from '../record-layout.js';
import { loadRecords, sweepRecords } from '../record-phases.js';
import { RecordStore } from '../record-store.js';
import type { Conclusion, ConclusionResult, Workload, WorkloadContext } from '../workload.js';

/** What one operation of the scan reads, in bytes of whole pages. */
export const scanChunkBytes = 64 * 1024;

/**
 * Reads the region from end to end, again and again, after the load phase has filled it. Each client starts at its own share of the region, so that
 * they do not follow in each other's wake, and every record is verified.
 */
export class ScanWorkload implements Workload {
  readonly regionBytes: number;
  readonly #context: WorkloadContext;
  readonly #store: RecordStore;
  readonly #records: number;
  readonly #perChunk: number;
  readonly #next: number[] = [];

  constructor(context: WorkloadContext) {
    const { records, recordBytes, pageBytes } = context.settings;
    const layout = new RecordLayout({ pageBytes, recordBytes, capacity: records });
    this.regionBytes = layout.regionBytes;
    this.#context = context;
    this.#store = new RecordStore(layout, context.run, context.verdict);
    this.#records = records;
    this.#perChunk = layout.perPage * Math.max(1, Math.floor(scanChunkBytes / pageBytes));
  }

  prepare(pool: ClientPool, onReady: (count: number) => void): Promise<void> {
    return loadRecords(this.#store, this.#context, { pool, records: this.#records, onReady });
  }

  async operate(lane: Lane): Promise<Done> {
    const first = this.#advance(lane.client) * this.#perChunk;
    const size = Math.min(this.#perChunk, this.#records - first);
    const bytesRead = await this.#store.readRange({ region: lane.region, writer: lane.client + 1 }, first, size);
    return { kind: 'scan', bytesRead, bytesWritten: 0 };
  }

  conclude(conclusion: Conclusion): Promise<ConclusionResult> {
    return sweepRecords(this.#store, this.#context, { ...conclusion, records: this.#records });
  }

  setAside(): number {
    return this.#store.setAside(this.#records);
  }

  /** The chunk that `client` reads now. Its lanes share one position, so that a deeper pipeline reads ahead, not twice. */
  #advance(client: number): number {
    const chunks = Math.ceil(this.#records / this.#perChunk);
    const chunk = this.#next[client] ?? Math.floor((client * chunks) / this.#context.settings.clients) % chunks;
    this.#next[client] = (chunk + 1) % chunks;
    return chunk;
  }
}
