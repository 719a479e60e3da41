import type { LoadClock } from './clock.js';
import type { Meter } from './meter.js';
import type { Stop } from './stop.js';

/** Loading the first records, measuring, and the final check. */
export type LoadPhase = 'load' | 'run' | 'verify';

/** How far a run is. */
export interface LoadProgress {
  readonly phase: LoadPhase;
  /** Operations that succeeded so far; in the other phases, records loaded or checked. */
  readonly operations: number;
  /** Over the time since the last report. */
  readonly opsPerSecond: number;
  /** Operations of the run that ended in an error so far. */
  readonly errors: number;
  /** Since the phase began. */
  readonly elapsedMs: number;
}

const TICK_MS = 250;

/** Tells a listener about four times a second how far a run is. */
export class ProgressReporter {
  readonly #clock: LoadClock;
  readonly #meter: Meter;
  readonly #listener: ((progress: LoadProgress) => void) | undefined;
  #phase: LoadPhase = 'load';
  #beganMs = 0;
  #lastMs = 0;
  #lastDone = 0;
  #added = 0;

  constructor(clock: LoadClock, meter: Meter, listener: ((progress: LoadProgress) => void) | undefined) {
    this.#clock = clock;
    this.#meter = meter;
    this.#listener = listener;
  }

  begin(phase: LoadPhase): void {
    this.#phase = phase;
    this.#beganMs = this.#clock.now();
    this.#lastMs = this.#beganMs;
    this.#lastDone = 0;
    this.#added = 0;
  }

  /** Counts records in the phases that are not measured. */
  add(count: number): void {
    this.#added += count;
  }

  tick(): void {
    const now = this.#clock.now();
    const done = this.#phase === 'run' ? this.#meter.operations : this.#added;
    const sinceMs = now - this.#lastMs;
    this.#listener?.({
      phase: this.#phase,
      operations: done,
      opsPerSecond: sinceMs > 0 ? ((done - this.#lastDone) * 1000) / sinceMs : 0,
      errors: this.#meter.failures,
      elapsedMs: now - this.#beganMs,
    });
    this.#lastMs = now;
    this.#lastDone = done;
  }

  async tickUntil(finished: Stop): Promise<void> {
    while (!finished.requested) {
      await this.#clock.sleep(TICK_MS, finished);
      this.tick();
    }
  }
}
