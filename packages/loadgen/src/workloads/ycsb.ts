import { unreachable } from '@pagewire/protocol';
import { type KeyChooser, keyChooser } from '../choosers.js';
import type { ClientPool } from '../client-pool.js';
import { KeySpace } from '../key-space.js';
import type { Lane } from '../lanes.js';
import type { Done } from '../meter.js';
import { type LoadSettings, loadLimits, type WorkloadName } from '../options.js';
import { RecordLayout } from '../record-layout.js';
import { loadRecords, sweepRecords } from '../record-phases.js';
import { RecordStore, type RecordUser } from '../record-store.js';
import { type Conclusion, type ConclusionResult, count, type Workload, type WorkloadContext } from '../workload.js';

/** A YCSB core workload. */
export type CoreWorkload = Extract<WorkloadName, 'a' | 'b' | 'c' | 'd' | 'e' | 'f'>;
type CoreKind = 'read' | 'update' | 'insert' | 'scan' | 'rmw';

/** The operation mixes of the YCSB core workloads, as shares of 1 (Cooper et al. 2010, table 2; `workloads/workloada` to `workloadf`). */
export const coreMixes: Record<CoreWorkload, readonly (readonly [CoreKind, number])[]> = {
  a: [['read', 0.5], ['update', 0.5]], // biome-ignore format: a table
  b: [
    ['read', 0.95],
    ['update', 0.05],
  ],
  c: [['read', 1]],
  d: [
    ['read', 0.95],
    ['insert', 0.05],
  ],
  e: [
    ['scan', 0.95],
    ['insert', 0.05],
  ],
  f: [
    ['read', 0.5],
    ['rmw', 0.5],
  ],
};

/** YCSB's `maxscanlength`: a scan reads 1 to this many records, uniformly. */
export const maxScanRecords = 100;

// Room for inserts in a run whose end is a time. Pages that nobody touches cost nothing, so it is generous.
const INSERTS_PER_SECOND = 5000;
const LEAST_INSERTS = 1000;

const shareOf = (workload: CoreWorkload, kind: CoreKind): number => coreMixes[workload].find(([name]) => name === kind)?.[1] ?? 0;

/** How many inserts the region must have room for. A run that makes more turns them into updates, and says so. */
function insertRoom(workload: CoreWorkload, { operations, durationMs }: LoadSettings): number {
  const share = shareOf(workload, 'insert');
  if (share === 0) return 0;
  const byOperations = operations === undefined ? Number.POSITIVE_INFINITY : Math.ceil(operations * share * 1.5);
  const byTime = durationMs === undefined ? Number.POSITIVE_INFINITY : Math.ceil((durationMs / 1000) * INSERTS_PER_SECOND);
  return Math.max(LEAST_INSERTS, Math.min(byOperations, byTime));
}

/**
 * The YCSB core workloads (Cooper, Silberstein, Tam, Ramakrishnan, Sears, "Benchmarking Cloud Serving Systems with YCSB", SoCC 2010) over records in
 * a region. Where memory differs from a table: a record is one value, so that an update writes all of it; record i lies at place i, and a scan is one
 * read of neighbouring records; f reads and then writes as YCSB does, without a lock, so that a later writer may win.
 */
export class YcsbWorkload implements Workload {
  readonly regionBytes: number;
  readonly #context: WorkloadContext;
  readonly #mix: readonly (readonly [CoreKind, number])[];
  readonly #store: RecordStore;
  readonly #keys: KeySpace;
  readonly #chooser: KeyChooser;
  #insertsTurned = 0;

  constructor(workload: CoreWorkload, context: WorkloadContext) {
    const { records, recordBytes, pageBytes, distribution, operations } = context.settings;
    const capacity = records + insertRoom(workload, context.settings);
    const layout = new RecordLayout({ pageBytes, recordBytes, capacity });
    this.regionBytes = layout.regionBytes;
    this.#context = context;
    this.#mix = coreMixes[workload];
    this.#store = new RecordStore(layout, context.run, context.verdict);
    this.#keys = new KeySpace({ records, capacity });
    // YCSB expects twice the inserts that the operation count implies, and none when the run ends by time.
    const expected = records + Math.ceil((operations ?? 0) * shareOf(workload, 'insert') * 2);
    this.#chooser = keyChooser(distribution, { count: records, expected });
  }

  prepare(pool: ClientPool, onReady: (count: number) => void): Promise<void> {
    return loadRecords(this.#store, this.#context, { pool, records: this.#context.settings.records, onReady });
  }

  operate(lane: Lane): Promise<Done> {
    const user = { region: lane.region, writer: lane.client + 1 };
    const kind = this.#chooseKind(lane);
    switch (kind) {
      case 'read':
        return this.#read(user, this.#chooseKey(lane));
      case 'update':
        return this.#update(user, this.#chooseKey(lane));
      case 'rmw':
        return this.#readModifyWrite(user, this.#chooseKey(lane));
      case 'scan':
        return this.#scan(user, this.#chooseKey(lane), 1 + lane.random.below(maxScanRecords));
      case 'insert':
        return this.#insert(user, lane);
      default:
        return unreachable(kind);
    }
  }

  async conclude(conclusion: Conclusion): Promise<ConclusionResult> {
    if (this.#insertsTurned > 0) {
      const room = count(this.#store.layout.capacity);
      this.#context.note(`the region was full at ${room} records: ${count(this.#insertsTurned)} inserts were done as updates`);
    }
    return sweepRecords(this.#store, this.#context, { ...conclusion, records: this.#keys.allocated });
  }

  setAside(): number {
    return this.#store.setAside(this.#keys.allocated);
  }

  #chooseKind(lane: Lane): CoreKind {
    let left = lane.random.float();
    for (const [kind, share] of this.#mix) {
      left -= share;
      if (left < 0) return kind;
    }
    return 'read';
  }

  /** A key that exists. Keys on lost pages are drawn again a few times, so that the run is not spent on them. */
  #chooseKey(lane: Lane): number {
    let key = this.#chooser.next(lane.random, this.#keys.limit);
    for (let i = 0; i < loadLimits.redraws && this.#store.isSetAside(key); i++) key = this.#chooser.next(lane.random, this.#keys.limit);
    return key;
  }

  async #read(user: RecordUser, key: number): Promise<Done> {
    return { kind: 'read', bytesRead: await this.#store.read(user, key), bytesWritten: 0 };
  }

  async #update(user: RecordUser, key: number): Promise<Done> {
    return { kind: 'update', bytesRead: 0, bytesWritten: await this.#store.write(user, key) };
  }

  async #readModifyWrite(user: RecordUser, key: number): Promise<Done> {
    const bytesRead = await this.#store.read(user, key);
    return { kind: 'rmw', bytesRead, bytesWritten: await this.#store.write(user, key) };
  }

  async #scan(user: RecordUser, first: number, length: number): Promise<Done> {
    const records = Math.min(length, this.#keys.limit - first);
    return { kind: 'scan', bytesRead: await this.#store.readRange(user, first, records), bytesWritten: 0 };
  }

  async #insert(user: RecordUser, lane: Lane): Promise<Done> {
    const key = this.#keys.allocate();
    if (key === undefined) {
      this.#insertsTurned++;
      return this.#update(user, this.#chooseKey(lane));
    }
    try {
      return { kind: 'insert', bytesRead: 0, bytesWritten: await this.#store.write(user, key) };
    } finally {
      this.#keys.ended(key);
    }
  }
}
