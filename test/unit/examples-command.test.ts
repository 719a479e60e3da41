import { PagewireError } from '@pagewire/node';
import { describe, expect, it } from 'vitest';
import { catalogue, exampleNamed } from '../../examples/src/catalogue.js';
import { parseCommandLine, type Request, UsageError } from '../../examples/src/command-line.js';
import { parseCsv } from '../../examples/src/data/csv.js';
import { drawn } from '../../examples/src/drawing.js';
import type { Job } from '../../examples/src/job.js';
import { formatReport, reportOf } from '../../examples/src/report.js';
import { runTeams } from '../../examples/src/run-teams.js';
import { OutcomeReader, outcomeLines } from '../../examples/src/team/outcome-lines.js';
import { NoMappedMemory, runOnProcesses } from '../../examples/src/team/run-on-processes.js';

describe('a command line', () => {
  it('takes settings from its flags, and the rest from --quick', () => {
    const args = ['sor', '--size', '64', '--quick', '--processes', '3', '--on', 'processes', '--png', 'plate.png'];
    expect(parseCommandLine(args)).toMatchObject({
      places: ['processes'],
      members: { processes: 3, threads: 3 },
      settings: { size: 64, iterations: 20 },
      repetitions: 2,
      quick: true,
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
    [['sor', '--size', '7'], '--size is an even number of 4 or more, not 7'],
    [['sor', '--size', '16386'], '--size is at most 16384, not 16386'],
    [['matmul', '--size', '8193'], '--size is at most 8192, not 8193'],
    [['kmeans', '--clusters', '256'], '--clusters is at most 255, not 256'],
    [['kmeans', '--clusters', '9', '--points', '8'], '--clusters is at most the number of points, 8, not 9'],
    [['wasm', '--limit', '8'], '--limit is a number from 9 to 2^30, not 8'],
    [['wordcount', '--slots', '65'], '--slots is a power of two, not 65'],
    [['shared-memory-proof', '--capacity', '3'], '--capacity is a power of two, not 3'],
    [['shared-memory-proof', '--threads', '1'], 'sharing takes two'],
    [['sor', '--png', 'no-such-folder/plate.png'], '--png cannot be written: ENOENT'],
    [['sor', '--png', '.'], '--png is a file, and . is a folder'],
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
  const request = { settings: { size: 1024 }, repetitions: 3, quick: false };
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

describe('a report of small input', () => {
  it('says that it is too small to measure instead of a speed-up', () => {
    const outcome = { serialMs: [3], parallelMs: [9], verdict: { ok: true, summary: 'equal' }, lines: [] };
    const request = { settings: {}, repetitions: 1, quick: true };
    const report = reportOf(exampleNamed('sor'), request, [{ on: 'threads', members: 2, outcome }]);
    expect(report).toMatchObject({ quick: true, runs: [{ speedUp: null }] });
    expect(formatReport(report)).toMatch(/2 threads {2}3\.00 ms\s+9\.00 ms {2}too small to measure {2}/);
  });
});

describe('the teams of a request', () => {
  it('are not started where the machine cannot have one of them', async () => {
    // Help was not asked for.
    const request = parseCommandLine(['sor']) as Request;
    const started: string[] = [];
    const start = async (job: Job): Promise<never> => {
      started.push(job.example);
      throw new Error('started');
    };
    const insist = (): never => {
      throw new NoMappedMemory('none here');
    };
    const run = runTeams(request, { colours: false, say: () => undefined, start: { threads: start, processes: start }, insist });
    await expect(run).rejects.toThrow('none here');
    expect(started).toEqual([]);
  });
});

describe('an outcome', () => {
  const outcome = { serialMs: [1.5], parallelMs: [2], verdict: { ok: true, summary: 'equal' }, lines: ['outcome of it: █ "x"', ''] };
  const printed = (prefix: string): string[] =>
    outcomeLines(outcome)
      .trimEnd()
      .split('\n')
      .map((line) => `${prefix} ${line}`);

  it.each(['[0]', '\u001b[36m[0]\u001b[39m'])('is found behind %j in what a run prints', (prefix) => {
    const others: string[] = [];
    const reader = new OutcomeReader((line) => others.push(line));
    for (const line of ['[1] no outcome here', ...printed(prefix), '[0] ended']) reader.read(line);
    expect([reader.outcome, others]).toEqual([outcome, ['[1] no outcome here', '[0] ended']]);
  });

  it('is not there when nothing was printed', () => {
    expect(new OutcomeReader(() => undefined).outcome).toBeUndefined();
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
