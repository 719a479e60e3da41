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
  readonly onTick: () => void;
}

/** How the load went, beside what the meter shows. */
export interface DriveResult {
  readonly elapsedMs: number;
  /** Operations that had not ended when patience did. */
  readonly stuck: number;
  /** Operations of an open loop that were due but never started. */
  readonly behind: number;
}

const TICK_MS = 250;
const FIRST_BACKOFF_MS = 5;
const LONGEST_BACKOFF_MS = 500;

class Driver {
  readonly #drive: Drive;
  #inFlight = 0;
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
    return { elapsedMs: this.#lastEndMs - startMs, stuck: this.#inFlight, behind: stop.requested ? 0 : pacer.behind(clock.now()) };
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
    if (this.#inFlight === 0) this.#movedMs = clock.now();
    this.#inFlight++;
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
      this.#inFlight--;
    }
  }

  #ended(): void {
    this.#lastEndMs = this.#drive.clock.now();
    this.#movedMs = this.#lastEndMs;
  }

  /** Ticks until every lane has ended, or until operations in flight have kept still for too long. */
  async #watch(finished: Stop): Promise<void> {
    const { clock, stop, drainMs, drainAfterStopMs, onTick } = this.#drive;
    let stoppedMs: number | undefined;
    while (!finished.requested) {
      await clock.sleep(TICK_MS, finished);
      const now = clock.now();
      onTick();
      if (stop.requested) stoppedMs ??= now;
      const stuck = stoppedMs === undefined ? now - this.#movedMs > drainMs : now - stoppedMs > drainAfterStopMs;
      if (this.#inFlight > 0 && stuck) return;
    }
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
