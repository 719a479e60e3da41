import { afterEach, describe, expect, test } from 'vitest';
import { PreciseTimer } from '../src/index.js';
import { here, unlessHere } from './world.js';

const longMicroseconds = 3600 * 1e6;

function firings(count: number, start: (timer: PreciseTimer) => void, onFiring: (timer: PreciseTimer) => void = () => {}): Promise<number> {
  return new Promise((resolve) => {
    let fired = 0;
    const timer = new PreciseTimer(() => {
      fired++;
      onFiring(timer);
      if (fired < count) return;
      timer.close();
      resolve(fired);
    });
    start(timer);
  });
}

describe.skipIf(!here.supported)(`a precise timer${unlessHere}`, () => {
  const closeAfter: PreciseTimer[] = [];
  afterEach(() => {
    for (const timer of closeAfter.splice(0)) timer.close();
  });

  test('does not fire before its time', async () => {
    const started = process.hrtime.bigint();
    await firings(1, (timer) => timer.arm(3_000));
    expect(process.hrtime.bigint() - started).toBeGreaterThanOrEqual(3_000_000n);
  });

  test('fires once for each time it is armed, from its own callback too', async () => {
    const fired = await firings(
      20,
      (timer) => timer.arm(50),
      (timer) => timer.arm(50),
    );
    expect(fired).toBe(20);
  });

  test('what was armed last holds', async () => {
    await firings(1, (timer) => {
      timer.arm(longMicroseconds);
      timer.arm(0);
    });
  });

  test('one that was disarmed does not fire', async () => {
    const fired: string[] = [];
    using disarmed = new PreciseTimer(() => fired.push('disarmed'));
    disarmed.arm(0);
    disarmed.disarm();
    await firings(
      3,
      (timer) => timer.arm(100),
      (timer) => timer.arm(100),
    );
    expect(fired).toEqual([]);
  });

  test('one that is disarmed when its time is over, but before the loop gets to it, does not fire', async () => {
    const fired: string[] = [];
    await new Promise<void>((resolve) => {
      const expire = (name: string, other: () => PreciseTimer) =>
        new PreciseTimer(() => {
          fired.push(name);
          other().disarm();
          setTimeout(resolve, 1);
        });
      const first = expire('one of them', () => second);
      const second = expire('one of them', () => first);
      closeAfter.push(first, second);
      first.arm(1);
      second.arm(1);
      // The loop does not turn while this thread waits here, so it finds both ready at once.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    });
    expect(fired).toEqual(['one of them']);
  });

  test('takes fractions of a second and more, and refuses what is no time', () => {
    using timer = new PreciseTimer(() => {});
    timer.arm(longMicroseconds + 0.5);
    for (const microseconds of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => timer.arm(microseconds)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    }
  });

  test('cannot be armed once it is closed, and can be closed again', () => {
    const timer = new PreciseTimer(() => {});
    timer.close();
    timer.close();
    expect(() => timer.arm(1)).toThrow(expect.objectContaining({ code: 'closed' }));
  });
});
