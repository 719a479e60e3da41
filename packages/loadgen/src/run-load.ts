import { type RegionAccess, unreachable } from '@pagewire/protocol';
import { type LoadClock, systemClock } from './clock.js';
import { connectTargets } from './connect-targets.js';
import { type DriveResult, drive, type Lane } from './lanes.js';
import type { OpenClient } from './load-client.js';
import { Meter } from './meter.js';
import { type LoadOptions, type LoadSettings, loadLimits, resolveOptions } from './options.js';
import { Pacer } from './pacer.js';
import { type LoadPhase, type LoadProgress, ProgressReporter } from './progress.js';
import { Random } from './random.js';
import { type LoadReport, transportOf } from './report.js';
import { openSessions, type Sessions } from './sessions.js';
import { Stop } from './stop.js';
import { Verdict } from './verdict.js';
import type { Workload, WorkloadContext } from './workload.js';
import { CounterWorkload } from './workloads/counter.js';
import { ScanWorkload } from './workloads/scan.js';
import { TransferWorkload } from './workloads/transfer.js';
import { YcsbWorkload } from './workloads/ycsb.js';

/** What a run needs from its surroundings. */
export interface LoadHooks {
  /** Opens one client of the run. Default: connects to the targets in turn. */
  readonly open?: OpenClient;
  /** Called about four times a second. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Ends the load early. What was done until then is still verified, and the report still made. */
  readonly signal?: AbortSignal;
  readonly clock?: LoadClock;
}

function workloadFor(context: WorkloadContext): Workload {
  const { workload } = context.settings;
  switch (workload) {
    case 'a':
    case 'b':
    case 'c':
    case 'd':
    case 'e':
    case 'f':
      return new YcsbWorkload(workload, context);
    case 'counter':
      return new CounterWorkload(context);
    case 'transfer':
      return new TransferWorkload(context);
    case 'scan':
      return new ScanWorkload(context);
    default:
      return unreachable(workload);
  }
}

/** One run, from the first connection to the report. */
class Run {
  readonly #settings: LoadSettings;
  readonly #hooks: LoadHooks;
  readonly #clock: LoadClock;
  readonly #stop = new Stop();
  readonly #verdict = new Verdict();
  readonly #meter = new Meter();
  readonly #notes: string[] = [];
  readonly #workload: Workload;
  readonly #progress: ProgressReporter;

  constructor(settings: LoadSettings, hooks: LoadHooks) {
    this.#settings = settings;
    this.#hooks = hooks;
    this.#clock = hooks.clock ?? systemClock;
    this.#progress = new ProgressReporter(this.#clock, this.#meter, hooks.onProgress);
    this.#workload = workloadFor({
      settings,
      verdict: this.#verdict,
      clock: this.#clock,
      stop: this.#stop,
      run: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
      note: (text) => this.#notes.push(text),
    });
  }

  async report(): Promise<LoadReport> {
    const { signal } = this.#hooks;
    const abort = (): void => this.#stop.request();
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    const sessions = await openSessions(
      this.#settings,
      this.#hooks.open ?? connectTargets(this.#settings.targets),
      this.#workload.regionBytes,
    );
    this.#notes.push(...sessions.notes);
    try {
      return await this.#measure(sessions);
    } finally {
      signal?.removeEventListener('abort', abort);
      await sessions.close({ clock: this.#clock, keep: this.#settings.keep });
    }
  }

  async #measure(sessions: Sessions): Promise<LoadReport> {
    const regions = sessions.regions;
    const loadStartMs = this.#clock.now();
    await this.#phase('load', (tally) => this.#workload.prepare(regions, tally));
    const loadMs = this.#clock.now() - loadStartMs;
    const result = await this.#drive(regions);
    const aborted = this.#stop.requested;
    if (result.stuck > 0) this.#accountForStuck(result.stuck, aborted);
    const summary = await this.#phase('verify', (tally) => this.#conclude(regions, tally));
    return this.#summarize({ clients: regions.length, loadMs, result, aborted, summary });
  }

  /** Every operation must end in a result or an error. After an abort nobody waits long enough to know. */
  #accountForStuck(stuck: number, aborted: boolean): void {
    if (aborted) this.#notes.push(`${stuck} operations were still under way when the run was stopped; their outcome is taken as unknown`);
    else this.#verdict.failed(`${stuck} operations had not ended when nothing else had for ${loadLimits.drainMs} ms`);
  }

  #drive(regions: readonly RegionAccess[]): Promise<DriveResult> {
    const { depth, seed, durationMs, operations, rate } = this.#settings;
    const lanes: Lane[] = regions.flatMap((region, client) =>
      Array.from({ length: depth }, (_, i) => ({ client, region, random: new Random(seed, client * depth + i) })),
    );
    this.#progress.begin('run');
    return drive({
      lanes,
      operate: (lane) => this.#workload.operate(lane),
      pacer: new Pacer({ startMs: this.#clock.now(), durationMs, operations, rate }),
      meter: this.#meter,
      clock: this.#clock,
      stop: this.#stop,
      drainMs: loadLimits.drainMs,
      drainAfterStopMs: loadLimits.drainAfterAbortMs,
      onTick: () => this.#progress.tick(),
    });
  }

  /** The final check has a stop of its own, because it takes place after the load was stopped. */
  async #conclude(regions: readonly RegionAccess[], onChecked: (count: number) => void): Promise<string> {
    const budgetMs = this.#stop.requested ? loadLimits.verifyAfterAbortMs : loadLimits.verifyMs;
    const over = new Stop();
    const done = new Stop();
    void this.#clock.sleep(budgetMs, done).then(() => over.request());
    const summary = await this.#workload
      .conclude({ regions, deadlineMs: this.#clock.now() + budgetMs, stop: over, onChecked })
      .finally(() => done.request());
    return this.#verdict.checks === 0 ? 'nothing could be checked' : summary;
  }

  async #phase<T>(phase: LoadPhase, work: (tally: (count: number) => void) => Promise<T>): Promise<T> {
    this.#progress.begin(phase);
    const finished = new Stop();
    const ticking = this.#progress.tickUntil(finished);
    try {
      return await work((n) => this.#progress.add(n));
    } finally {
      finished.request();
      await ticking;
    }
  }

  #summarize(outcome: { clients: number; loadMs: number; result: DriveResult; aborted: boolean; summary: string }): LoadReport {
    const { workload, regionName, targets, depth, records, recordBytes, distribution, seed, rate } = this.#settings;
    const { elapsedMs, behind } = outcome.result;
    const core = workload.length === 1;
    const { checks, wrong, failures, ok } = this.#verdict;
    return {
      workload,
      regionName,
      targets,
      transport: transportOf(targets),
      clients: outcome.clients,
      depth,
      records,
      ...(core || workload === 'scan' ? { recordBytes } : {}),
      ...(core ? { distribution } : {}),
      seed,
      ...(rate === undefined ? {} : { rate }),
      loadMs: outcome.loadMs,
      durationMs: elapsedMs,
      operations: this.#meter.operations,
      opsPerSecond: elapsedMs > 0 ? (this.#meter.operations * 1000) / elapsedMs : 0,
      behind,
      errors: this.#meter.errors(),
      latencyUs: this.#meter.latencies(),
      bytesRead: this.#meter.bytesRead,
      bytesWritten: this.#meter.bytesWritten,
      setAside: this.#workload.setAside(),
      aborted: outcome.aborted,
      verification: { ok, checks, wrong, failures, summary: outcome.summary },
      notes: this.#notes,
    };
  }
}

/**
 * Runs one load: opens the clients, brings the region into its first state, drives and measures, verifies, and reports.
 * Rejects with `bad-argument` for options that make no sense, with the clients' own code when none of them can connect, and with any error that
 * partial failure does not explain. A failed verification is no error: see `report.verification.ok`.
 */
export async function runLoad(options: LoadOptions, hooks: LoadHooks = {}): Promise<LoadReport> {
  return new Run(resolveOptions(options), hooks).report();
}
