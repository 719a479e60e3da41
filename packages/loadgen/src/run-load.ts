import { unreachable } from '@pagewire/protocol';
import type { ClientPool } from './client-pool.js';
import { type LoadClock, systemClock } from './clock.js';
import { connectTargets } from './connect-targets.js';
import { type DriveResult, drive, type Lane } from './lanes.js';
import type { OpenClient } from './load-client.js';
import { Meter } from './meter.js';
import { type LoadOptions, type LoadSettings, loadLimits, resolveOptions } from './options.js';
import { Pacer } from './pacer.js';
import { type LoadPhase, type LoadProgress, ProgressReporter } from './progress.js';
import { Random } from './random.js';
import { type HistoryReport, Recording } from './recording.js';
import { type LoadReport, thingsOf, transportOf } from './report.js';
import { openSessions, type Sessions } from './sessions.js';
import { Stop } from './stop.js';
import { Verdict } from './verdict.js';
import { type ConclusionResult, count, type Workload, type WorkloadContext } from './workload.js';
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

// How often the final check looks whether it is worth going on.
const WATCH_MS = 250;

/** With one digit after the point: more would be noise. */
const perSecond = (operations: number, ms: number): number => (ms > 0 ? Math.round((operations * 10_000) / ms) / 10 : 0);

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

  async #measure({ pool }: Sessions): Promise<LoadReport> {
    const { historyFile } = this.#settings;
    const recording = historyFile === undefined ? undefined : await Recording.start(historyFile);
    const loadStartMs = this.#clock.now();
    await this.#phase('load', (tally) => this.#workload.prepare(pool, tally));
    const loadMs = this.#clock.now() - loadStartMs;
    const result = await this.#drive(pool, recording);
    this.#accountForUnfinished(result);
    // What was left in flight must not begin anything more.
    this.#stop.request();
    const verifyStartMs = this.#clock.now();
    const { summary, unread } = await this.#phase('verify', (tally) => this.#conclude(pool, tally));
    if (unread > 0) this.#accountForUnread(unread);
    const verifyMs = this.#clock.now() - verifyStartMs;
    const history = await recording?.end();
    return this.#summarize({ clients: pool.size, loadMs, verifyMs, result, summary, history });
  }

  get #aborted(): boolean {
    return this.#hooks.signal?.aborted ?? false;
  }

  /** Every operation of a connected client must end in a result or an error. After an abort nobody waits long enough to know. */
  #accountForUnfinished({ unfinished, stuck }: DriveResult): void {
    if (stuck > 0) this.#verdict.failed(`${stuck} operations had not ended when nothing else had for ${loadLimits.drainMs} ms`);
    if (unfinished === stuck) return;
    const when = this.#aborted ? 'when the run was stopped' : 'at the end, through clients that had lost their node';
    this.#notes.push(`${count(unfinished - stuck)} operations were still under way ${when}; their outcome is taken as unknown`);
  }

  /** Memory that nobody can read in time, and that nobody says is lost, has failed: every access must end in data or say why not. */
  #accountForUnread(unread: number): void {
    const what = `${count(unread)} ${thingsOf(this.#settings.workload)} could not be read at the end`;
    if (this.#aborted) this.#notes.push(`${what} in the time that a stopped run takes`);
    else this.#verdict.failed(`${what} through any client, and are not known to be lost`);
  }

  #drive({ clients }: ClientPool, recording: Recording | undefined): Promise<DriveResult> {
    const { depth, seed, durationMs, operations, rate } = this.#settings;
    const lanes: Lane[] = clients.flatMap((pooled, client) =>
      Array.from({ length: depth }, (_, i) => {
        const name = depth === 1 ? `client ${client}` : `client ${client}.${i}`;
        const region = recording?.lane(name, pooled.region) ?? pooled.region;
        return { client, region, reachable: pooled.reachable, random: new Random(seed, client * depth + i) };
      }),
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
      drainUnreachableMs: loadLimits.drainUnreachableMs,
      onTick: () => this.#progress.tick(),
    });
  }

  /** The final check has a stop of its own, because it takes place after the load was stopped. */
  async #conclude(pool: ClientPool, onChecked: (count: number) => void): Promise<ConclusionResult> {
    const over = new Stop();
    const done = new Stop();
    const deadlineMs = this.#clock.now() + loadLimits.verifyMs;
    void this.#whileWorthwhile(pool, deadlineMs, done).then(() => over.request());
    const result = await this.#workload.conclude({ pool, deadlineMs, stop: over, onChecked }).finally(() => done.request());
    return this.#verdict.checks === 0 ? { ...result, summary: 'nothing could be checked' } : result;
  }

  /** Resolves at the deadline, soon after an abort, or when all clients have had no connection for so long that there is nobody left to ask. */
  async #whileWorthwhile(pool: ClientPool, deadlineMs: number, done: Stop): Promise<void> {
    let reachedMs = this.#clock.now();
    let abortedMs: number | undefined;
    for (let now = reachedMs; now < deadlineMs && !done.requested; now = this.#clock.now()) {
      if (pool.anyReachable) reachedMs = now;
      if (this.#aborted) abortedMs ??= now;
      if (now - reachedMs >= loadLimits.verifyUnreachableMs || now - (abortedMs ?? now) >= loadLimits.verifyAfterAbortMs) return;
      await this.#clock.sleep(Math.min(WATCH_MS, deadlineMs - now), done);
    }
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

  #summarize(outcome: {
    readonly clients: number;
    readonly loadMs: number;
    readonly verifyMs: number;
    readonly result: DriveResult;
    readonly summary: string;
    readonly history: HistoryReport | undefined;
  }): LoadReport {
    const { workload, regionName, targets, depth, records, recordBytes, distribution, seed, rate } = this.#settings;
    const { elapsedMs, behind, unfinished } = outcome.result;
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
      loadMs: Math.round(outcome.loadMs),
      durationMs: Math.round(elapsedMs),
      verifyMs: Math.round(outcome.verifyMs),
      operations: this.#meter.operations,
      opsPerSecond: perSecond(this.#meter.operations, elapsedMs),
      behind,
      unfinished,
      errors: this.#meter.errors(),
      latencyUs: this.#meter.latencies(),
      bytesRead: this.#meter.bytesRead,
      bytesWritten: this.#meter.bytesWritten,
      setAside: this.#workload.setAside(),
      aborted: this.#aborted,
      verification: { ok, checks, wrong, failures, summary: outcome.summary },
      ...(outcome.history === undefined ? {} : { history: outcome.history }),
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
