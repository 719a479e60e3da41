const PERIOD_MS = 25;
/**
 * The most that one beat can add. A process that was stopped, or whose loop was blocked, finds its timers due before it has read what its
 * peers sent meanwhile; counted in full, that time would look like their silence.
 */
const LONGEST_BEAT_MS = 4 * PERIOD_MS;

/** Something that wants to look at the time now and then. */
export interface PulseMember {
  beat(now: number): void;
}

/**
 * One coarse timer for all links of the process, and their clock: milliseconds during which this process was running, as of the last beat.
 * Heartbeats, late acknowledgements, silence and patience are judged by it. Does not keep the process alive.
 */
export class Pulse {
  readonly #clock: () => number;
  #now = 0;
  #beatAt = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #members = new Set<PulseMember>();

  /** @param clock milliseconds that never go back */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  get now(): number {
    return this.#now;
  }

  add(member: PulseMember): void {
    this.#members.add(member);
    if (this.#timer !== undefined) return;
    this.#beatAt = this.#clock();
    this.#timer = setInterval(() => this.beat(), PERIOD_MS).unref();
  }

  delete(member: PulseMember): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Moves the clock on and lets every member look at it. */
  beat(): void {
    const at = this.#clock();
    this.#now += Math.min(at - this.#beatAt, LONGEST_BEAT_MS);
    this.#beatAt = at;
    for (const member of this.#members) member.beat(this.#now);
  }
}

export const pulse = new Pulse();
