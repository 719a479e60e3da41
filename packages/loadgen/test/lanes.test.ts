import { PagewireError, type RegionAccess } from '@pagewire/protocol';
import { describe, expect, test } from 'vitest';
import { type Drive, drive, type Lane } from '../src/lanes.js';
import { type Done, Meter } from '../src/meter.js';
import { Pacer } from '../src/pacer.js';
import { Random } from '../src/random.js';
import { Stop } from '../src/stop.js';
import { FakeMemory } from './fake-memory.js';
import { VirtualClock } from './virtual-clock.js';

const done: Done = { kind: 'read', bytesRead: 0, bytesWritten: 0 };

async function region(): Promise<RegionAccess> {
  const client = await new FakeMemory().open(0);
  return client.region('test', { bytes: 4096, pageBytes: 4096 });
}

interface Conditions {
  readonly rate?: number;
  readonly durationMs?: number;
  readonly operations?: number;
  readonly operate: (clock: VirtualClock, index: number) => Promise<void>;
  readonly reachable?: () => boolean;
}

async function driveOneLane({ rate, durationMs, operations, operate, reachable = () => true }: Conditions) {
  const clock = new VirtualClock();
  const meter = new Meter();
  const stop = new Stop();
  let index = 0;
  const lane: Lane = { client: 0, region: await region(), random: new Random(1, 0), reachable };
  const options: Drive = {
    lanes: [lane],
    operate: () => operate(clock, index++).then(() => done),
    pacer: new Pacer({ startMs: 0, durationMs, operations, rate }),
    meter,
    clock,
    stop,
    drainMs: 1000,
    drainAfterStopMs: 100,
    drainUnreachableMs: 200,
    onTick: () => {},
  };
  const result = await drive(options);
  return { result, meter, latency: meter.latencies() };
}

/** Every operation takes 1 ms, except one, which stalls. */
const stallAt =
  (stalling: number, ms: number) =>
  (clock: VirtualClock, index: number): Promise<void> =>
    clock.sleep(index === stalling ? ms : 1);

describe('open loop', () => {
  test('counts latency from the intended start, so that a stall shows in every operation that it delayed', async () => {
    const { latency, meter } = await driveOneLane({ rate: 100, operations: 400, operate: stallAt(99, 500) });
    expect(meter.operations).toBe(400);
    // 500 ms of stall at an operation each 10 ms: about 55 operations were late until the backlog was gone, the worst by 500 ms.
    expect(latency.read?.max).toBeGreaterThanOrEqual(499_000);
    expect(latency.read?.p90).toBeGreaterThan(100_000);
    expect(latency.read?.p50).toBeLessThan(1100);
  });

  test('sees what a closed loop hides', async () => {
    const { latency } = await driveOneLane({ operations: 400, operate: stallAt(99, 500) });
    expect(latency.read?.max).toBeGreaterThanOrEqual(499_000);
    expect(latency.read?.p99).toBeLessThan(1100);
  });

  test('keeps to its rate', async () => {
    const { result, meter } = await driveOneLane({ rate: 200, durationMs: 2000, operate: (clock) => clock.sleep(1) });
    expect(meter.operations).toBe(400);
    expect(result).toMatchObject({ behind: 0, stuck: 0 });
  });

  test('counts what was due and never started when the run ends in a stall', async () => {
    const { result, meter } = await driveOneLane({
      rate: 100,
      durationMs: 1000,
      operate: stallAt(50, 900),
    });
    expect(meter.operations).toBe(51);
    expect(result.behind).toBe(49);
  });
});

describe('a lane', () => {
  test('counts failures by code, with their latency, and pauses longer after each in a row', async () => {
    const starts: number[] = [];
    const { meter, latency, result } = await driveOneLane({
      operations: 5,
      operate: async (clock) => {
        starts.push(clock.now());
        await clock.sleep(2);
        throw new PagewireError('timeout', 'planted');
      },
    });
    expect(meter.errors()).toEqual({ timeout: 5 });
    expect(meter.operations).toBe(0);
    expect(latency.failed).toMatchObject({ count: 5, max: 2000 });
    expect(starts).toEqual([0, 7, 19, 41, 83]);
    expect(result.stuck).toBe(0);
  });

  test('whose operation stays away for good is left behind when patience ends', async () => {
    const { result, meter } = await driveOneLane({
      operations: 10,
      operate: stallAt(3, Number.POSITIVE_INFINITY),
    });
    expect(result.stuck).toBe(1);
    expect(meter.operations).toBe(3);
  });

  test('of a client without a connection does not hold up the end', async () => {
    const { result, meter } = await driveOneLane({
      durationMs: 500,
      operate: stallAt(3, Number.POSITIVE_INFINITY),
      reachable: () => false,
    });
    expect(meter.operations).toBe(3);
    // The time without an answer counts: 3 operations in half a second, not in the 3 ms that they took.
    expect(result).toEqual({ elapsedMs: 500, unfinished: 1, stuck: 0, behind: 0 });
  });

  test('that waits for a slow schedule is not taken for a stuck one', async () => {
    const { meter, result } = await driveOneLane({ rate: 0.1, operations: 4, operate: (clock) => clock.sleep(600) });
    expect(meter.operations).toBe(4);
    expect(result.stuck).toBe(0);
  });
});
