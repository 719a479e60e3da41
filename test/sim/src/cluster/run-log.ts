import type { Failure } from '../layer.js';
import type { VirtualTime } from './virtual-time.js';

/** What a run has to tell: how often what happened, line by line if asked, and what broke first. The first failure stops the time. */
export class RunLog {
  readonly counts: Record<string, number> = {};
  readonly lines: string[] = [];
  readonly tracing: boolean;
  #failure: Failure | undefined;
  #time: VirtualTime | undefined;

  constructor(tracing: boolean) {
    this.tracing = tracing;
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** From now on lines bear the time, and a failure stops it. */
  follow(time: VirtualTime): void {
    this.#time = time;
  }

  count(what: string, times = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + times;
  }

  trace(what: string): void {
    if (this.tracing) this.lines.push(`${(this.#time?.now ?? 0).toFixed(3).padStart(12)}  ${what}`);
  }

  readonly broken = (failure: Failure): void => {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.trace(`BROKEN: ${failure.what}`);
    this.#time?.stop();
  };
}
