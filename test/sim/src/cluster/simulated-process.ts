import type { ChannelNetwork } from '@pagewire/transport';
import type { Scheduled } from './event-queue.js';
import type { ProcessGlobals, SimulatedTimer } from './process-globals.js';
import { between, logUniform, type Random } from './random.js';
import type { VirtualTime } from './virtual-time.js';

/** Some day; only differences count. */
const firstDay = 1.7e12;
/** What clocks that are computed may be off. */
const roundingMs = 1e-3;

/** How the machine under a process behaves. */
export interface MachineTraits {
  /** How fast its clock runs beside the true one: 1 is exact. */
  readonly clockRate: number;
  /** What its clock read when the simulation began, in milliseconds. */
  readonly clockStart: number;
  /** The longest that one event keeps the process busy, in milliseconds; most take far less. */
  readonly slowestEventMs: number;
}

/** Whom a process tells of its end. */
export interface ProcessWatcher {
  /** An exception reached the top of an event: a real process would have died of it. */
  uncaught(process: SimulatedProcess, error: unknown): void;
  /** The process has warned of a bug of its own. */
  warned(process: SimulatedProcess, warning: string): void;
}

/**
 * One process: its event loop, its clock and its timers. It can be stopped and continued, as by SIGSTOP and SIGCONT, and killed between any
 * two events, or in the middle of one after so many messages.
 */
export class SimulatedProcess {
  readonly name: string;
  /** The address of its machine. */
  readonly host: string;
  readonly globals: ProcessGlobals;
  readonly #time: VirtualTime;
  readonly #traits: MachineTraits;
  readonly #random: Random;
  readonly #watcher: ProcessWatcher;
  readonly #timers = new Set<Timer>();
  /** What came up while the process was stopped, in order. */
  #putOff: Scheduled[] = [];
  #busyUntil = 0;
  #alive = true;
  #paused = false;
  /** Since when the machine sleeps, and for how long it has slept in all: its monotonic clock stands still then. */
  #asleepSince: number | undefined;
  #slept = 0;
  #lastWords: { left: number; readonly die: () => void } | undefined;

  constructor(
    { name, host, traits }: { readonly name: string; readonly host: string; readonly traits: MachineTraits },
    { time, random, watcher }: { readonly time: VirtualTime; readonly random: Random; readonly watcher: ProcessWatcher },
    network: (process: SimulatedProcess) => ChannelNetwork,
  ) {
    this.name = name;
    this.host = host;
    this.#time = time;
    this.#traits = traits;
    this.#random = random;
    this.#watcher = watcher;
    this.globals = this.#makeGlobals(network(this));
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** What the monotonic clock of the process reads. */
  get clock(): number {
    return this.#traits.clockStart + (this.#time.now - this.#slept) * this.#traits.clockRate;
  }

  /** What its wall clock reads, which goes on while the machine sleeps. */
  get wallClock(): number {
    return firstDay + this.#traits.clockStart + this.#time.now * this.#traits.clockRate;
  }

  /** Timers that have not run out. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Calls `run` in this process at `at`, or when the process gets round to it. */
  schedule(at: number, run: () => void): Scheduled {
    const event = this.#time.at(at, () => this.#turn(event, run));
    return event;
  }

  /** The process does nothing more, and what it had under way is gone. */
  kill(): void {
    this.#alive = false;
    this.#putOff = [];
    this.#timers.clear();
  }

  /** Calls `die`, which kills the process, when it has sent `messages` more: in the middle of whatever it does then. */
  dieSending(messages: number, die: () => void): void {
    this.#lastWords = { left: messages, die };
  }

  /** It does not die that way after all. */
  spare(): void {
    this.#lastWords = undefined;
  }

  /** A message leaves the process. */
  sends(): void {
    const words = this.#lastWords;
    if (words === undefined) return;
    words.left -= 1;
    if (words.left >= 0) return;
    this.#lastWords = undefined;
    words.die();
  }

  /** Stops it, as by SIGSTOP; with `asleep` its machine sleeps too. */
  pause({ asleep }: { readonly asleep: boolean }): void {
    this.#paused = true;
    if (asleep) this.#asleepSince = this.#time.now;
  }

  /** What came up meanwhile happens now, in order; a timer that is not due by the clock of the process waits on. */
  resume(): void {
    this.#paused = false;
    if (this.#asleepSince !== undefined) this.#slept += this.#time.now - this.#asleepSince;
    this.#asleepSince = undefined;
    const events = this.#putOff;
    this.#putOff = [];
    for (const event of events) this.#time.again(event, this.#time.now);
  }

  #turn(event: Scheduled, run: () => void): void {
    if (!this.#alive) return;
    if (this.#paused) {
      this.#putOff.push(event);
      return;
    }
    if (this.#busyUntil > this.#time.now) {
      this.#time.again(event, this.#busyUntil);
      return;
    }
    this.#busyUntil = this.#time.now + logUniform(this.#random, 0.001, this.#traits.slowestEventMs);
    this.call(run);
  }

  /** Calls into the process, within the present event. */
  call(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#watcher.uncaught(this, error);
    }
  }

  #startTimer(ms: number, run: () => void, again: boolean): SimulatedTimer {
    const timer = new Timer();
    if (!this.#alive) return timer;
    // Node.js makes no timer shorter than this, nor one of fractions.
    const wait = Math.max(1, Math.floor(ms));
    const start = (): void => startUntil(this.clock + wait);
    const startUntil = (due: number): void => {
      timer.event = this.schedule(this.#time.now + (due - this.clock) / this.#traits.clockRate, () => {
        // The machine has slept.
        if (due - this.clock > roundingMs) return startUntil(due);
        if (again) start();
        else this.#timers.delete(timer);
        run();
      });
    };
    this.#timers.add(timer);
    start();
    return timer;
  }

  #stopTimer(timer: SimulatedTimer | undefined): void {
    if (!(timer instanceof Timer)) return;
    if (timer.event !== undefined) timer.event.cancelled = true;
    this.#timers.delete(timer);
  }

  #makeGlobals(network: ChannelNetwork): ProcessGlobals {
    const random = this.#random;
    const math: Math = Object.create(Math, { random: { value: random } });
    const stop = (timer: SimulatedTimer | undefined): void => this.#stopTimer(timer);
    return {
      setTimeout: (run, ms = 1) => this.#startTimer(ms, run, false),
      clearTimeout: stop,
      setInterval: (run, ms = 1) => this.#startTimer(ms, run, true),
      clearInterval: stop,
      setImmediate: (run) => {
        const timer = new Timer();
        timer.event = this.schedule(this.#time.now, run);
        return timer;
      },
      clearImmediate: stop,
      performance: { now: () => this.clock },
      Date: { now: () => Math.floor(this.wallClock) },
      Math: math,
      process: {
        nextTick: (run) => process.nextTick(() => this.call(run)),
        emitWarning: (warning, options) => this.#watcher.warned(this, options?.detail ?? warning),
        memoryUsage: () => ({ rss: 0, heapUsed: 0 }),
      },
      network,
      crypto: {
        randomBytes: (length) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256))),
        randomInt: (least, limit) => (limit === undefined ? between(random, 0, least - 1) : between(random, least, limit - 1)),
      },
    };
  }
}

class Timer implements SimulatedTimer {
  event: Scheduled | undefined;

  ref(): SimulatedTimer {
    return this;
  }

  unref(): SimulatedTimer {
    return this;
  }

  hasRef(): boolean {
    return this.event?.cancelled === false;
  }
}
