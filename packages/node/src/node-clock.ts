import { type Millis, millis } from '@pagewire/protocol';

/** What a clock reads, in milliseconds. */
export interface ClockSource {
  /** Never goes back; may stand still while the machine sleeps. */
  monotonic(): number;
  /** Goes on while the machine sleeps; may be set by people and by NTP. */
  wall(): number;
}

const system: ClockSource = { monotonic: () => performance.now(), wall: () => Date.now() };

/** The wall clock may get ahead by less than this from reading to reading without it counting: it is steered, and rounded. */
const slackMs = 100;

/**
 * A node's clock. Others go on while the machine that a node runs on sleeps, and its lease with them, but the monotonic clock of most
 * systems stands still: so what the wall clock has gained on it counts as time passed. A wall clock that is set forward costs a node its
 * lease without need, which is safe.
 */
export function nodeClock(source: ClockSource = system): () => Millis {
  let wall = source.wall();
  let monotonic = source.monotonic();
  let slept = 0;
  const gained = (): number => {
    const before = { wall, monotonic };
    monotonic = source.monotonic();
    wall = source.wall();
    return wall - before.wall - (monotonic - before.monotonic);
  };
  return () => {
    const gain = gained();
    // Between the two readings this thread may have waited for a processor. Then the next pair takes the gain back.
    if (gain > slackMs) slept += Math.max(0, gain + gained());
    return millis(monotonic + slept);
  };
}
