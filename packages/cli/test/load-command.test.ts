import type { LoadProgress } from '@pagewire/loadgen';
import { describe, expect, it } from 'vitest';
import { loadOptions } from '../src/commands/load.js';
import { LoadProgressLines, progressLine } from '../src/commands/load-progress.js';
import { recordedTerminal } from './recorded-terminal.js';

const progress: LoadProgress = { phase: 'run', operations: 45_678, opsPerSecond: 12_345.6, errors: 0, elapsedMs: 3210 };

describe("a load's flags", () => {
  it('become the options of the load generator, and nothing is made up', () => {
    expect(
      loadOptions({ target: ['ws://h:1'], workload: 'a', duration: 500, region: 'mine', clients: 3, history: 'h', json: true }),
    ).toEqual({
      targets: ['ws://h:1'],
      workload: 'a',
      durationMs: 500,
      regionName: 'mine',
      clients: 3,
      historyFile: 'h',
    });
    expect(loadOptions({ target: ['ws://h:1'], workload: 'a', json: false })).toEqual({ targets: ['ws://h:1'], workload: 'a' });
  });
});

describe("a load's progress", () => {
  it('is one line', () => {
    const options = { label: 'b', runMs: 10_000, quietWithoutTty: false };
    expect(progressLine(progress, options)).toBe('b  running 3.2 s of 10.0 s  12,346 ops/s  45,678 done');
  });

  it('says how many operations failed', () => {
    const options = { label: 'b', quietWithoutTty: false };
    expect(progressLine({ ...progress, errors: 1200 }, options)).toBe('b  running 3.2 s  12,346 ops/s  45,678 done  1,200 errors');
  });

  it('counts records while they are loaded and checked', () => {
    expect(progressLine({ ...progress, phase: 'load' }, { label: 'b', runMs: 10_000, quietWithoutTty: false })).toBe(
      'b  loading 3.2 s  12,346 records/s  45,678 done',
    );
  });

  it('is rewritten on a terminal and taken away at the end', () => {
    const { terminal, written } = recordedTerminal({ tty: true });
    const lines = new LoadProgressLines(terminal, { label: 'b', quietWithoutTty: true });
    lines.show(progress);
    lines.end();
    lines.show(progress);
    expect(written.err).toBe('\r\x1b[2Kb  running 3.2 s  12,346 ops/s  45,678 done\r\x1b[2K');
  });

  it('is a line every few seconds where there is no terminal', () => {
    let now = 0;
    const { terminal, written } = recordedTerminal();
    const lines = new LoadProgressLines(terminal, { label: 'b', quietWithoutTty: false, now: () => now });
    for (now = 0; now <= 7000; now += 250) lines.show(progress);
    expect(written.err.split('\n')).toHaveLength(3);
  });

  it('is not shown at all to a program that reads JSON', () => {
    let now = 0;
    const { terminal, written } = recordedTerminal();
    const lines = new LoadProgressLines(terminal, { label: 'b', quietWithoutTty: true, now: () => now });
    for (now = 0; now <= 7000; now += 250) lines.show(progress);
    expect(written).toEqual({ out: '', err: '' });
  });
});
