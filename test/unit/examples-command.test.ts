import { PagewireError } from '@pagewire/node';
import { describe, expect, it } from 'vitest';
import { catalogue, exampleNamed } from '../../examples/src/catalogue.js';
import { parseCommandLine, UsageError } from '../../examples/src/command-line.js';
import { parseCsv } from '../../examples/src/data/csv.js';
import { drawn } from '../../examples/src/drawing.js';
import { formatReport, reportOf } from '../../examples/src/report.js';
import { NoMappedMemory, runOnProcesses } from '../../examples/src/team/run-on-processes.js';

describe('a command line', () => {
  it('takes settings from its flags, and the rest from --quick', () => {
    const args = ['sor', '--size', '64', '--quick', '--processes', '3', '--on', 'processes', '--png', 'plate.png'];
    expect(parseCommandLine(args)).toMatchObject({
      places: ['processes'],
      members: { processes: 3, threads: 3 },
      settings: { size: 64, iterations: 20 },
      repetitions: 2,
      png: 'plate.png',
      json: false,
    });
  });

  it.each([
    [['no-such-example'], 'there is no example "no-such-example"'],
    [['sor', '--size', '0'], '--size is a whole number of 1 or more, not "0"'],
    [['sor', '--size', '1e3'], '--size is a whole number of 1 or more, not "1e3"'],
    [['sor', '--clusters', '3'], "Unknown option '--clusters'"],
    [['pagerank', '--png', 'x.png'], "Unknown option '--png'"],
    [['sor', '--on', 'paper'], '--on is threads, processes or both, not "paper"'],
    [['sor', '--processes', '65'], '--processes is at most 64, not 65'],
  ])('of %j is refused with a reason', (args, reason) => {
    expect(() => parseCommandLine(args)).toThrow(UsageError);
    expect(() => parseCommandLine(args)).toThrow(reason);
  });

  it.each([[], ['--help'], ['help']])('of %j lists all examples', (...args) => {
    const answer = parseCommandLine(args);
    expect(answer).toHaveProperty('help');
    expect(catalogue.filter(({ about }) => !JSON.stringify(answer).includes(about))).toEqual([]);
  });

  it('with --help says what each setting of the example is', () => {
    expect(parseCommandLine(['kmeans', '--help'])).toHaveProperty('help', expect.stringMatching(/--clusters N .*--seed N .*Exit codes/s));
  });
});

describe('a report', () => {
  const request = { settings: { size: 1024 }, repetitions: 3 };
  const team = { on: 'processes', members: 2 } as const;
  const outcome = { serialMs: [300, 100, 200], parallelMs: [50, 10, 5000], verdict: { ok: true, summary: 'equal' }, lines: ['the result'] };

  it('compares medians, and counts pages as bytes', () => {
    const traffic = { readFaults: 1200, writeFaults: 3, pages: 512 };
    const report = reportOf(exampleNamed('sor'), request, [{ ...team, outcome: { ...outcome, traffic } }]);
    expect(report.runs).toMatchObject([{ serialMs: 200, parallelMs: 50, speedUp: 4, traffic: { ...traffic, mib: 2 } }]);
    expect(formatReport(report)).toMatch(
      /2 processes {2}200 ms\s+50 ms\s+4\.00 ×\s+1,200\s+3\s+512\s+2\.0\n\n2 processes: ok: equal\n\nthe result$/,
    );
  });

  it('holds only if every team was right', () => {
    const wrong = { ...team, outcome: { ...outcome, verdict: { ok: false, summary: 'cell 3 differs' } } };
    const report = reportOf(exampleNamed('sor'), request, [{ ...team, outcome }, wrong]);
    expect(report.ok).toBe(false);
    expect(formatReport(report)).toContain('2 processes: WRONG: cell 3 differs');
  });

  it('holds only if all teams show one result', () => {
    const other = { on: 'threads', members: 2, outcome: { ...outcome, lines: ['another result'] } } as const;
    const report = reportOf(exampleNamed('wasm'), request, [{ ...team, outcome }, other]);
    expect(report).toMatchObject({ ok: false, agree: false });
    expect(formatReport(report)).toContain('WRONG: the runs show different results');
  });

  it('gives no speed-up where the serial run does not do the same work', () => {
    const report = reportOf(exampleNamed('shared-memory-proof'), request, [{ ...team, outcome }]);
    expect(report.runs).toMatchObject([{ speedUp: null }]);
  });
});

describe('a picture in the terminal', () => {
  const picture = { width: 2, height: 2, rgb: Uint8Array.from([0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0]) };

  it('is of characters where there is no colour', () => {
    const rows = drawn(picture, false);
    expect([rows[0], rows.at(-1)]).toEqual([' '.repeat(24) + '@'.repeat(24), '@'.repeat(24) + ' '.repeat(24)]);
  });

  it('has two pixels in each character where there is colour', () => {
    expect(drawn({ ...picture, width: 1, height: 4 }, true)[0]).toContain('38;2;0;0;0;48;2;0;0;0m▀');
  });
});

describe('a CSV file', () => {
  it('is read by the names in its header, with commas and quotes inside quotes and with empty fields', () => {
    const rows = parseCsv('code,name,note\nBTR,"Baton Rouge, Ryan",\nX1,"The ""X""",plain\n,,last');
    expect(rows.map((row) => [row.get('code'), row.get('name'), row.get('note')])).toEqual([
      ['BTR', 'Baton Rouge, Ryan', ''],
      ['X1', 'The "X"', 'plain'],
      ['', '', 'last'],
    ]);
  });
});

describe('a run on processes', () => {
  it('says why, and what there is instead, on a machine without mapped memory', async () => {
    const cannot = (): never => {
      throw new PagewireError('unsupported', 'mapped memory is not to be had here: the kernel is too old');
    };
    const run = runOnProcesses({ example: 'sor', settings: {}, repetitions: 1, colours: false }, 2, cannot);
    await expect(run).rejects.toThrow(NoMappedMemory);
    await expect(run).rejects.toThrow(/the kernel is too old.*doctor.*--on threads/);
  });
});
