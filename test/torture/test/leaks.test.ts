import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { until } from '@pagewire/test';
import { describe, expect, it } from 'vitest';
import { descriptorBound, leakBounds, leaksOf, mostOf } from '../src/leaks/leak-check.js';
import { type ProcessFigures, processFigures } from '../src/leaks/process-figures.js';
import { listeningPorts } from '../src/leaks/sockets.js';

const figures: ProcessFigures = { descriptors: 30, threads: 12, residentBytes: 100 << 20, children: 0, ports: 1 };
const members = 6;
const leaks = (change: Partial<ProcessFigures>) => leaksOf({ name: 'n1', before: figures, after: { ...figures, ...change } }, members);
const own = (): ProcessFigures => processFigures(process.pid) ?? { descriptors: 0, threads: 0, residentBytes: 0, children: 0, ports: 0 };

describe('what a process may have more than at the start', () => {
  it('is nothing to speak of, up to its bounds', () => {
    expect(leaks({})).toEqual([]);
    expect(leaks({ descriptors: 30 + descriptorBound(members), threads: 12 + leakBounds.threads })).toEqual([]);
    expect(leaks({ residentBytes: figures.residentBytes + leakBounds.residentBytes })).toEqual([]);
    expect(leaks({ descriptors: 1, threads: 1, residentBytes: 0, ports: 0 })).toEqual([]);
  });

  it.each([
    [{ descriptors: 31 + descriptorBound(members) }, 'open descriptors'],
    [{ threads: 13 + leakBounds.threads }, 'threads'],
    [{ residentBytes: figures.residentBytes + leakBounds.residentBytes + 1 }, 'bytes of memory'],
    [{ children: 1 }, 'child processes'],
    [{ ports: 2 }, 'listening ports'],
  ])('ends with %j', (change, what) => {
    expect(leaks(change)).toEqual([expect.stringMatching(new RegExp(`^n1 has \\d+ ${what}, \\d+ more than at the start`))]);
  });

  it('is held against the most that one of its kind had', () => {
    const other = { ...figures, descriptors: 10, threads: 20 };
    expect(mostOf([figures, other])).toEqual({ ...figures, descriptors: 30, threads: 20 });
  });
});

describe.skipIf(process.platform !== 'linux')('the figures of a process', () => {
  it('count its open descriptors', () => {
    const before = own().descriptors;
    const opened = Array.from({ length: 20 }, () => openSync('/dev/null', 'r'));
    expect(own().descriptors - before).toBeGreaterThanOrEqual(20);
    for (const descriptor of opened) closeSync(descriptor);
  });

  it('count its threads', async () => {
    const before = own().threads;
    const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
    await until('the thread runs', () => own().threads > before);
    await worker.terminate();
  });

  it('count the ports that it listens on', async () => {
    const before = listeningPorts(process.pid);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    expect(listeningPorts(process.pid).length).toBe(before.length + 1);
    expect(own().ports).toBe(before.length + 1);
    await new Promise((resolve) => server.close(resolve));
  });

  it('are none for a process that is gone', () => {
    expect(processFigures(2 ** 22 + 1)).toBeUndefined();
  });
});
