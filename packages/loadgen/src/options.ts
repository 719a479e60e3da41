import { limits, PagewireError } from '@pagewire/protocol';
import { type Distribution, distributions } from './choosers.js';
import { recordable } from './recording.js';

/** What a load does. a to f are the YCSB core workloads. */
export type WorkloadName = 'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'counter' | 'transfer' | 'scan';
export const workloadNames: readonly WorkloadName[] = ['a', 'b', 'c', 'd', 'e', 'f', 'counter', 'transfer', 'scan'];

/** Every limit of a load, with its unit in its name. */
export const loadLimits = {
  maxClients: 1024,
  maxDepth: 1024,
  /** Clients times depth: each of them is a loop with an operation in flight. */
  maxLanes: 16_384,
  maxRecords: 2 ** 24,
  maxRate: 10_000_000,
  /** Writes that each client keeps in flight while it loads the records. */
  loadDepth: 16,
  /** How long the load phase goes on trying to write or read one page before the run is given up. */
  loadPatienceMs: 20_000,
  /** How long the load phase and the final check wait for an answer before they ask another client; it doubles with each attempt. */
  attemptMs: 2000,
  /** How often a choice that fell on a lost page is made again. */
  redraws: 16,
  /** How long nothing may end while operations are in flight; then they count as stuck. Several operation timeouts of a client. */
  drainMs: 30_000,
  /** How long the end of the load waits for operations of clients that are not connected. */
  drainUnreachableMs: 1000,
  drainAfterAbortMs: 2000,
  /** How long a transfer goes on trying to put money that it has taken. */
  putPatienceMs: 10_000,
  /** How long the final check may take, and how long after an abort. */
  verifyMs: 30_000,
  verifyAfterAbortMs: 2000,
  /** How long the final check waits for a first connection to come back when every client has lost its own. */
  verifyUnreachableMs: 5000,
  /** How long closing and deleting may take at the end. */
  closeMs: 2000,
} as const;

/** What to run. Durations are milliseconds, sizes are bytes. */
export interface LoadOptions {
  readonly workload: WorkloadName;
  /** Addresses, for the report; clients are spread over them. */
  readonly targets: readonly string[];
  /** Clients, each with a connection of its own. Default 8. */
  readonly clients?: number;
  /** Operations that each client keeps in flight. Default 1. */
  readonly depth?: number;
  /** Default 10 000, unless `operations` is given. With both, what ends first counts. */
  readonly durationMs?: number;
  readonly operations?: number;
  /** Records for a to f (default 10 000) and scan (16 384); counters for counter (8); accounts for transfer (128, rounded up to whole pages). */
  readonly records?: number;
  /** Default 1024, about a record of YCSB. Not for counter and transfer. */
  readonly recordBytes?: number;
  /** How keys are chosen. Default as in YCSB: latest for d, zipfian for the others. Only for a to f. */
  readonly distribution?: Distribution;
  /** Uint32. Default: a random one, which the report names. */
  readonly seed?: number;
  /** Operations a second over all clients: open loop, latency counted from the intended start. Absent: closed loop. */
  readonly rate?: number;
  /** Default `load-<workload>`. */
  readonly regionName?: string;
  readonly pageBytes?: number;
  /** Leave the region in place. Default: only a region that was named by `regionName` stays, for it may not be ours to delete. */
  readonly keep?: boolean;
  /** Where to write the history of what the clients did and saw; only for a to d, f and counter. Default: none is recorded. */
  readonly historyFile?: string;
}

/** Options with every default filled in. */
export interface LoadSettings {
  readonly workload: WorkloadName;
  readonly targets: readonly string[];
  readonly clients: number;
  readonly depth: number;
  readonly durationMs: number | undefined;
  readonly operations: number | undefined;
  readonly records: number;
  readonly recordBytes: number;
  readonly distribution: Distribution;
  readonly seed: number;
  readonly rate: number | undefined;
  readonly regionName: string;
  readonly pageBytes: number;
  readonly keep: boolean;
  readonly historyFile: string | undefined;
}

const defaultRecords: Record<WorkloadName, number> = {
  a: 10_000,
  b: 10_000,
  c: 10_000,
  d: 10_000,
  e: 10_000,
  f: 10_000,
  counter: 8,
  transfer: 128,
  scan: 16_384,
};

const refuse = (message: string): PagewireError => new PagewireError('bad-argument', message);

function checkInteger(name: string, value: number | undefined, { min, max }: { readonly min: number; readonly max: number }): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= max)) {
    throw refuse(`${name} ${value}: use an integer from ${min} to ${max}`);
  }
}

function checkNumbers(options: LoadOptions): void {
  const { clients = 1, depth = 1, durationMs, rate } = options;
  checkInteger('clients', clients, { min: 1, max: loadLimits.maxClients });
  checkInteger('depth', depth, { min: 1, max: loadLimits.maxDepth });
  checkInteger('clients × depth', clients * depth, { min: 1, max: loadLimits.maxLanes });
  checkInteger('operations', options.operations, { min: 1, max: Number.MAX_SAFE_INTEGER });
  checkInteger('records', options.records, { min: 1, max: loadLimits.maxRecords });
  checkInteger('seed', options.seed, { min: 0, max: 2 ** 32 - 1 });
  if (durationMs !== undefined && !(durationMs > 0 && Number.isFinite(durationMs))) {
    throw refuse(`durationMs ${durationMs}: use a number of milliseconds above 0`);
  }
  if (rate !== undefined && !(rate > 0 && rate <= loadLimits.maxRate)) {
    throw refuse(`rate ${rate}: use operations a second, above 0 and up to ${loadLimits.maxRate}`);
  }
}

function checkNames(options: LoadOptions): void {
  const { workload, distribution, targets } = options;
  if (!workloadNames.includes(workload)) throw refuse(`workload "${workload}": use one of ${workloadNames.join(', ')}`);
  if (targets.length === 0) throw refuse('a load needs at least one target to connect to');
  if (distribution !== undefined && !distributions.includes(distribution)) {
    throw refuse(`distribution "${distribution}": use one of ${distributions.join(', ')}`);
  }
  if (distribution !== undefined && workload.length > 1) throw refuse(`workload ${workload} chooses no keys: leave the distribution out`);
  if (options.recordBytes !== undefined && (workload === 'counter' || workload === 'transfer')) {
    throw refuse(`workload ${workload} has no records: leave recordBytes out`);
  }
  if (options.historyFile !== undefined && !recordable.has(workload)) {
    throw refuse(
      `workload ${workload} touches more than one location at a time, which no history can hold: record one of ${[...recordable].join(', ')}`,
    );
  }
}

/** Checks the options and fills in the defaults. Throws `bad-argument`. */
export function resolveOptions(options: LoadOptions): LoadSettings {
  checkNames(options);
  checkNumbers(options);
  const { workload, operations } = options;
  return {
    workload,
    targets: options.targets,
    clients: options.clients ?? 8,
    depth: options.depth ?? 1,
    durationMs: options.durationMs ?? (operations === undefined ? 10_000 : undefined),
    operations,
    records: options.records ?? defaultRecords[workload],
    recordBytes: options.recordBytes ?? 1024,
    distribution: options.distribution ?? (workload === 'd' ? 'latest' : 'zipfian'),
    seed: options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    rate: options.rate,
    regionName: options.regionName ?? `load-${workload}`,
    pageBytes: options.pageBytes ?? limits.defaultPageBytes,
    keep: options.keep ?? options.regionName !== undefined,
    historyFile: options.historyFile,
  };
}
