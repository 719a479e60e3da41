import type { ErrorCode, RegionAccess } from '@pagewire/protocol';
import type { LoadClock } from './clock.js';
import { survivableCode } from './fate.js';
import type { Done, Meter } from './meter.js';
import type { Pacer } from './pacer.js';
import type { Random } from './random.js';
import { Stop } from './stop.js';

/** One loop with one operation in flight. A client of depth d has d lanes. */
export interface Lane {
  readonly client: number;
  readonly region: RegionAccess;
  readonly random: Random;
  /** False while the client's connection is known to be down: its operation in flight is not waited for at the end. */
  readonly reachable: () => boolean;
}

/** What {@link drive} drives, and with what. */
export interface Drive {
  readonly lanes: readonly Lane[];
  readonly operate: (lane: Lane) => Promise<Done>;
  readonly pacer: Pacer;
  readonly meter: Meter;
  readonly clock: LoadClock;
  /** Requested to end the load early; the load requests it itself when an operation fails for good. */
  readonly stop: Stop;
  /** How long nothing may end while operations are in flight. */
  readonly drainMs: number;
  /** How long operations in flight may take to end once a stop was requested. */
  readonly drainAfterStopMs: number;
  /** How long after the end of the load operations of unreachable clients may take to end. */
  readonly drainUnreachableMs: number;
  readonly onTick: () => void;
}

/** How the load went, beside what the meter shows. */
export interface DriveResult {
  readonly elapsedMs: number;
  /** Operations that were left in flight: stopped, of clients without a connection, or stuck. */
  readonly unfinished: number;
  /** Those of them that a connected client should have ended long ago. */
  readonly stuck: number;
  /** Operations of an open loop that were due but never started. */
  readonly behind: number;
}

const TICK_MS = 250;
const FIRST_BACKOFF_MS = 5;
const LONGEST_BACKOFF_MS = 500;

class Driver {
  readonly #drive: Drive;
  readonly #inFlight = new Set<Lane>();
  #stuck = 0;
  #lastEndMs: number;
  // When something last ended, or began after nothing was under way: what patience is measured from.
  #movedMs: number;
  #fatal: { readonly error: unknown } | undefined;

  constructor(drive: Drive) {
    this.#drive = drive;
    this.#lastEndMs = drive.clock.now();
    this.#movedMs = this.#lastEndMs;
  }

  async run(): Promise<DriveResult> {
    const { clock, lanes, stop, pacer } = this.#drive;
    const startMs = clock.now();
    const finished = new Stop();
    const loops = lanes.map((lane) =>
      this.#loop(lane).catch((error: unknown) => {
        this.#fatal ??= { error };
        stop.request();
      }),
    );
    void Promise.all(loops).then(() => finished.request());
    await this.#watch(finished);
    if (this.#fatal) throw this.#fatal.error;
    // A stall at the end is part of the run, although no operation ended in it.
    const timeUpMs = stop.requested || clock.now() < pacer.endMs ? startMs : pacer.endMs;
    const elapsedMs = Math.max(this.#lastEndMs, timeUpMs) - startMs;
    return { elapsedMs, unfinished: this.#inFlight.size, stuck: this.#stuck, behind: stop.requested ? 0 : pacer.behind(clock.now()) };
  }

  async #loop(lane: Lane): Promise<void> {
    const { clock, pacer, stop } = this.#drive;
    let failuresInARow = 0;
    while (!stop.requested) {
      const slot = pacer.take(clock.now());
      if (slot === undefined) return;
      if (slot.atMs !== undefined) await clock.sleepUntil(slot.atMs, stop);
      if (stop.requested) return;
      const code = await this.#attempt(lane, slot.atMs ?? clock.now());
      failuresInARow = code === undefined ? 0 : failuresInARow + 1;
      // The schedule of an open loop is pause enough; and a lost page says nothing about the health of the rest.
      if (code !== undefined) await clock.sleep(slot.atMs === undefined ? backoffMs(code === 'page-lost' ? 1 : failuresInARow) : 0, stop);
    }
  }

  /** Does one operation and measures it from `sinceMs`. Returns the code when it failed in a way that the load survives. */
  async #attempt(lane: Lane, sinceMs: number): Promise<ErrorCode | undefined> {
    const { clock, meter, operate } = this.#drive;
    if (this.#inFlight.size === 0) this.#movedMs = clock.now();
    this.#inFlight.add(lane);
    try {
      const done = await operate(lane);
      this.#ended();
      meter.succeeded(done, this.#lastEndMs - sinceMs);
      return undefined;
    } catch (error) {
      this.#ended();
      const code = survivableCode(error);
      if (code === undefined) throw error;
      meter.failed(code, this.#lastEndMs - sinceMs);
      return code;
    } finally {
      this.#inFlight.delete(lane);
    }
  }

  #ended(): void {
    this.#lastEndMs = this.#drive.clock.now();
    this.#movedMs = this.#lastEndMs;
  }

  /** Ticks until every lane has ended, or until those in flight are not worth waiting for. */
  async #watch(finished: Stop): Promise<void> {
    const { clock, stop, pacer, onTick } = this.#drive;
    let stoppedMs: number | undefined;
    let overMs: number | undefined;
    while (!finished.requested) {
      await clock.sleep(TICK_MS, finished);
      const now = clock.now();
      onTick();
      if (stop.requested) stoppedMs ??= now;
      if (pacer.isOver(now)) overMs ??= now;
      if (this.#inFlight.size > 0 && this.#patienceEnded(now, { stoppedMs, overMs })) return;
    }
  }

  #patienceEnded(now: number, since: { readonly stoppedMs: number | undefined; readonly overMs: number | undefined }): boolean {
    const { drainMs, drainAfterStopMs, drainUnreachableMs } = this.#drive;
    if (since.stoppedMs !== undefined) return now - since.stoppedMs > drainAfterStopMs;
    const reachable = [...this.#inFlight].filter((lane) => lane.reachable()).length;
    if (reachable > 0 && now - this.#movedMs > drainMs) {
      this.#stuck = reachable;
      return true;
    }
    return reachable === 0 && since.overMs !== undefined && now - since.overMs > drainUnreachableMs;
  }
}

const backoffMs = (failuresInARow: number): number => Math.min(FIRST_BACKOFF_MS * 2 ** (failuresInARow - 1), LONGEST_BACKOFF_MS);

/**
 * Runs every lane until the pacer or the stop ends the load, and waits for the operations in flight. An operation that ends in an error that
 * partial failure explains is counted, and its closed-loop lane pauses a little before the next; any other error ends the load and is thrown.
 */
export function drive(options: Drive): Promise<DriveResult> {
  return new Driver(options).run();
}
