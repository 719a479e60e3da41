import { expect, it } from 'vitest';
import { nodeClock } from '../src/node-clock.js';

/** Two clocks that a test moves. */
function clocks() {
  const time = { monotonic: 1000, wall: 5_000_000 };
  const now = nodeClock({ monotonic: () => time.monotonic, wall: () => time.wall });
  const pass = (ms: number, wallMs = ms): void => {
    time.monotonic += ms;
    time.wall += wallMs;
  };
  return { now, pass };
}

it('goes as the monotonic clock does', () => {
  const { now, pass } = clocks();
  pass(250);
  expect(now()).toBe(1250);
});

it('counts the time that only the wall clock saw pass, as when the machine slept', () => {
  const { now, pass } = clocks();
  now();
  pass(10, 60_010);
  expect(now()).toBe(61_010);
  pass(5);
  expect(now()).toBe(61_015);
});

it('does not go back with the wall clock, nor follow its small steps', () => {
  const { now, pass } = clocks();
  pass(100, -3_600_000);
  expect(now()).toBe(1100);
  pass(100, 150);
  expect(now()).toBe(1200);
});

it('takes a pause between its two readings for no sleep', () => {
  const time = { monotonic: 0, wall: 0 };
  let pauseMs = 0;
  const source = {
    monotonic: () => time.monotonic,
    wall: () => {
      time.monotonic += pauseMs;
      time.wall += pauseMs;
      pauseMs = 0;
      return time.wall;
    },
  };
  const now = nodeClock(source);
  pauseMs = 400;
  expect(now()).toBe(400);
  expect(now()).toBe(400);
});
