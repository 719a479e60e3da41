import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { PageRuns } from '../src/mapped/page-runs.js';
import { ThreadTurns } from '../src/mapped/thread-turns.js';
import { Windows } from '../src/mapped/windows.js';
import { here } from './memories.js';

describe('runs of pages', () => {
  it('join neighbours, whatever the order in which they came', () => {
    const runs = new PageRuns();
    for (const index of [9, 3, 1, 2, 10, 7]) runs.add(index);
    expect(runs.take()).toEqual([
      { first: 1, count: 3 },
      { first: 7, count: 1 },
      { first: 9, count: 2 },
    ]);
  });

  it('are taken once', () => {
    const runs = new PageRuns();
    runs.add(1);
    runs.take();
    expect(runs.take()).toEqual([]);
  });

  it('have each page once, and not those that were deleted', () => {
    const runs = new PageRuns();
    for (const index of [1, 2, 2, 3]) runs.add(index);
    runs.delete(2);
    runs.delete(8);
    expect(runs.take()).toEqual([
      { first: 1, count: 1 },
      { first: 3, count: 1 },
    ]);
  });

  it('are in numerical order', () => {
    const runs = new PageRuns();
    for (const index of [10, 9, 100, 99]) runs.add(index);
    expect(runs.take()).toEqual([
      { first: 9, count: 2 },
      { first: 99, count: 2 },
    ]);
  });
});

describe('windows by address', () => {
  /** Three windows with gaps, added out of order, and what they were told. */
  function three() {
    const told: string[] = [];
    const counts: number[] = [];
    const windows = new Windows((count) => counts.push(count));
    const ranges = [0x3000, 0x1000, 0x8000].map((address) => ({ address, bytes: 0x1000 }));
    for (const range of ranges) {
      windows.add(range, (at, write, threadId) => told.push(`${range.address.toString(16)}+${at.toString(16)} ${write} ${threadId}`));
    }
    return { windows, ranges, told, counts };
  }

  it('hear of the faults in them, from the first to the last byte', () => {
    const { windows, told } = three();
    windows.fault(0x1000, false, 7);
    windows.fault(0x3fff, true, 8);
    windows.fault(0x8010, false, 9);
    expect(told).toEqual(['1000+0 false 7', '3000+fff true 8', '8000+10 false 9']);
  });

  it.each([0, 0xfff, 0x2000, 0x2fff, 0x4000, 0x9000])('do not hear of a fault beside them (%i)', (address) => {
    const { windows, told } = three();
    windows.fault(address, false, 7);
    expect(told).toEqual([]);
  });

  it('hear nothing when they are gone, and the others still do', () => {
    const { windows, ranges, told } = three();
    windows.delete(ranges[0] ?? { address: 0, bytes: 0 });
    windows.fault(0x3000, false, 7);
    windows.fault(0x1000, false, 8);
    windows.fault(0x8000, false, 9);
    expect(told).toEqual(['1000+0 false 8', '8000+0 false 9']);
  });

  it('are not taken for others with the same address', () => {
    const { windows, told } = three();
    windows.delete({ address: 0x1000, bytes: 0x1000 });
    windows.fault(0x1000, false, 8);
    expect(told).toEqual(['1000+0 false 8']);
  });

  it('are counted', () => {
    const { windows, ranges, counts } = three();
    for (const range of ranges) windows.delete(range);
    expect(counts).toEqual([1, 2, 3, 2, 1, 0]);
  });
});

describe.skipIf(here.platform !== 'linux')('how often threads got a processor', () => {
  const self = process.pid;

  it('grows as soon as a thread that stood still runs again', () => {
    const turns = new ThreadTurns();
    const before = turns.turnsOf(self) ?? Number.POSITIVE_INFINITY;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    expect(turns.turnsOf(self)).toBeGreaterThan(before);
    turns.close();
  });

  it('is not known of a thread that there is not', () => {
    const turns = new ThreadTurns();
    expect(turns.turnsOf(2 ** 22 + 1)).toBeUndefined();
    turns.close();
  });

  it('is not known any more when the thread has ended', async () => {
    const turns = new ThreadTurns();
    const worker = new Worker(
      "const { readlinkSync } = require('node:fs'); require('node:worker_threads').parentPort.postMessage(readlinkSync('/proc/thread-self'))",
      {
        eval: true,
      },
    );
    const link = await new Promise<string>((resolve) => worker.once('message', resolve));
    const threadId = Number(link.split('/').at(-1));
    expect(turns.turnsOf(threadId)).toBeGreaterThanOrEqual(0);
    await worker.terminate();
    expect([turns.turnsOf(threadId), turns.turnsOf(threadId)]).toEqual([undefined, undefined]);
    turns.close();
  });

  it('may be asked of more threads than descriptors are kept for', () => {
    const turns = new ThreadTurns();
    // The threads of this process, again and again under the numbers of others.
    for (let threadId = 1; threadId < 200; threadId++) turns.turnsOf(threadId);
    expect(turns.turnsOf(self)).toBeGreaterThan(0);
    turns.close();
    turns.close();
  });
});
