import { describe, expect, it } from 'vitest';
import { LeaseDeadline } from '../src/mapped/lease-deadline.js';

/** A deadline over a timer that only notes what it is told: when it would kill, by a clock that the test sets. */
function deadlineAt(clock: { now: number }) {
  const kills: (number | undefined)[] = [];
  const timer = {
    arm: (milliseconds: number) => void kills.push(clock.now + milliseconds),
    disarm: () => void kills.push(undefined),
    close: () => {},
  };
  return { deadline: new LeaseDeadline(timer, () => clock.now), killAt: () => kills.at(-1) };
}

describe('the deadline of a lease', () => {
  it('lies half way between where the node stops and where others stop waiting for it', () => {
    const { deadline, killAt } = deadlineAt({ now: 1000 });
    deadline.watch(true);
    deadline.move({ inMs: 2500, marginMs: 500 });
    expect(killAt()).toBe(3750);
  });

  it('moves with each renewal', () => {
    const clock = { now: 1000 };
    const { deadline, killAt } = deadlineAt(clock);
    deadline.watch(true);
    deadline.move({ inMs: 2500, marginMs: 500 });
    clock.now = 1500;
    deadline.move({ inMs: 2500, marginMs: 500 });
    expect(killAt()).toBe(4250);
  });

  it('kills nobody while there is no memory that threads could use', () => {
    const clock = { now: 1000 };
    const { deadline, killAt } = deadlineAt(clock);
    deadline.move({ inMs: 2500, marginMs: 500 });
    expect(killAt()).toBeUndefined();
    clock.now = 2000;
    deadline.watch(true);
    expect(killAt()).toBe(3750);
    deadline.watch(false);
    expect(killAt()).toBeUndefined();
  });

  it('kills nobody once the node has no rights to lose', () => {
    const { deadline, killAt } = deadlineAt({ now: 1000 });
    deadline.watch(true);
    deadline.move({ inMs: 2500, marginMs: 500 });
    deadline.move(undefined);
    expect(killAt()).toBeUndefined();
  });
});
