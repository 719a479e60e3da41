import { describe, expect, it } from 'vitest';
import { CallTurns } from '../src/program/call-turns.js';
import type { Call } from '../src/program/calls.js';

const callNumber = (id: number): Call => ({ id, on: 0, method: 'm', args: [] });
const untilIdle = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
const compute = (ms: number) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

describe('calls from the program’s thread', () => {
  it('are served at once while there is time', () => {
    const served: number[] = [];
    const turns = new CallTurns(({ id }) => served.push(id));
    turns.add(callNumber(1));
    turns.add(callNumber(2));
    expect(served).toEqual([1, 2]);
  });

  it('are all served in order, however many come at once', async () => {
    const served: number[] = [];
    const turns = new CallTurns(({ id }) => {
      served.push(id);
      compute(0.2);
    });
    const all = Array.from({ length: 500 }, (_, id) => id);
    for (const id of all) turns.add(callNumber(id));
    expect(served.length).toBeLessThan(all.length);
    while (served.length < all.length) await untilIdle();
    expect(served).toEqual(all);
  });

  it('let timers have their turn in between', async () => {
    const served: number[] = [];
    const turns = new CallTurns(({ id }) => {
      served.push(id);
      compute(1);
    });
    let servedAtTimer = -1;
    setTimeout(() => {
      servedAtTimer = served.length;
    }, 1);
    for (let id = 0; id < 100; id++) turns.add(callNumber(id));
    while (served.length < 100) await untilIdle();
    expect(servedAtTimer).toBeGreaterThan(0);
    expect(servedAtTimer).toBeLessThan(100);
  });

  it('that come while others wait do not overtake them', async () => {
    const served: number[] = [];
    const turns: CallTurns = new CallTurns(({ id }) => {
      served.push(id);
      compute(3);
    });
    for (let id = 0; id < 10; id++) turns.add(callNumber(id));
    await untilIdle();
    for (let id = 10; id < 20; id++) turns.add(callNumber(id));
    while (served.length < 20) await untilIdle();
    expect(served).toEqual(Array.from({ length: 20 }, (_, id) => id));
  });
});
