import type { Region } from '@pagewire/node';
import type { Operation } from '../litmus-test.js';
import { accessByCall, codeOf } from './call-access.js';
import { type Clock, realClock } from './moments.js';
import { clockUs, type Lane, type LaneReport, type OrderedStep, type RunOrder, type RunReport } from './orders.js';

/** Accesses shorter than this found their page here; those longer than that waited for something else, such as the end of a lease. */
const [hitUs, stuckUs] = [30, 200_000];

/** How long accesses take that wait for a page to come from elsewhere. */
class AccessTimes {
  readonly #us: number[] = [];

  note(us: number): void {
    if (us > hitUs && us < stuckUs) this.#us.push(us);
  }

  /** 0 if there were none. */
  get quartileUs(): number {
    return this.#us.toSorted((a, b) => a - b)[this.#us.length >> 2] ?? 0;
  }
}

/** Does all lanes at once, each by the asynchronous calls of the region. */
export async function runByCalls(region: Region, { startsAtUs, lanes }: RunOrder, clock: Clock = realClock()): Promise<RunReport> {
  const times = new AccessTimes();
  const run = async (lane: Lane): Promise<LaneReport> => {
    const found: number[] = [];
    for (const step of lane) {
      if (clock.nowUs() < startsAtUs + step.notBeforeUs) await clock.until(startsAtUs + step.notBeforeUs);
      const began = clock.nowUs();
      try {
        const value = await accessByCall(region, step);
        if (value !== undefined) found.push(value);
      } catch (error) {
        return { found, end: codeOf(error) };
      }
      times.note(clock.nowUs() - began);
    }
    return { found, end: 'done' };
  };
  const reports = await Promise.all(lanes.map(run));
  return { lanes: reports, accessUs: times.quartileUs, endedUs: clock.nowUs() - startsAtUs };
}

/** Waits shorter than this are waited out on the processor. */
const spinUs = 100;
const own = new Int32Array(new SharedArrayBuffer(4));

/** Holds this thread up until `atUs`. */
export function waitUntil(atUs: number): void {
  for (let leftUs = atUs - clockUs(); leftUs > 0; leftUs = atUs - clockUs()) {
    if (leftUs > spinUs) Atomics.wait(own, 0, 0, (leftUs - spinUs) / 1000);
  }
}

/** Does all lanes as one thread that touches the region's buffer: their operations in the order of their times, one after the other. */
export function runPlainly(region: Region, { startsAtUs, lanes }: RunOrder): RunReport {
  const words = new Int32Array(region.buffer, 0, region.bytes / 4);
  const times = new AccessTimes();
  const found: number[][] = lanes.map(() => []);
  const steps = lanes.flatMap((lane, number) => lane.map((step) => ({ ...step, number })));
  // The steps of a lane rise in time, and sorting keeps the order of equals.
  for (const step of steps.toSorted((a, b) => a.notBeforeUs - b.notBeforeUs)) {
    waitUntil(startsAtUs + step.notBeforeUs);
    const began = clockUs();
    const value = accessPlainly(words, step.operation, step);
    times.note(clockUs() - began);
    if (value !== undefined) found[step.number]?.push(value);
  }
  return { lanes: found.map((values) => ({ found: values, end: 'done' })), accessUs: times.quartileUs, endedUs: clockUs() - startsAtUs };
}

function accessPlainly(words: Int32Array, operation: Operation, { offset, way }: OrderedStep): number | undefined {
  const at = offset / 4;
  switch (operation.kind) {
    case 'R':
      return way === 'call' ? words[at] : Atomics.load(words, at);
    case 'W':
      if (way === 'call') words[at] = operation.value;
      else Atomics.store(words, at, operation.value);
      return undefined;
    case 'XCHG':
      return Atomics.exchange(words, at, operation.value);
    case 'ADD':
      return Atomics.add(words, at, operation.value);
    case 'CAS':
      return Atomics.compareExchange(words, at, operation.expected, operation.value);
  }
}
