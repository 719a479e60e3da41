import type { Place, Request } from './command-line.js';
import type { Example } from './example.js';
import { median, type Outcome } from './outcome.js';
import { count } from './same-bits.js';
import { PAGE_BYTES, type Traffic } from './team/team.js';

/** What one team did, in figures that mean something beside each other. Times are medians, in milliseconds. */
export interface RunReport {
  readonly on: Place;
  readonly members: number;
  readonly serialMs: number;
  readonly parallelMs: number;
  /** Serial over parallel, both of this run. Null where they do not do the same work, or too little of it. */
  readonly speedUp: number | null;
  /** Of one repetition, over all members. Null on plain memory. */
  readonly traffic: (Traffic & { readonly mib: number }) | null;
  readonly check: { readonly ok: boolean; readonly summary: string };
}

export interface Report {
  readonly example: string;
  readonly about: string;
  readonly settings: Readonly<Record<string, number>>;
  readonly repetitions: number;
  /** Input too small for times to say what sharing costs or gains. */
  readonly quick: boolean;
  /** What times say at all: nothing where a serial run does not do the same work. */
  readonly compares: Example['compares'];
  /** Whether every run's check holds and all show one result. */
  readonly ok: boolean;
  readonly agree: boolean;
  readonly runs: readonly RunReport[];
  /** For people; in colour where asked for. */
  readonly result: readonly string[];
}

/** The outcome of a team of `members`. */
export interface TeamRun {
  readonly on: Place;
  readonly members: number;
  readonly outcome: Outcome;
}

export function reportOf(
  { name, about, compares }: Example,
  { settings, repetitions, quick }: Pick<Request, 'settings' | 'repetitions' | 'quick'>,
  teams: readonly TeamRun[],
): Report {
  const runs = teams.map(({ on, members, outcome }): RunReport => {
    const [serialMs, parallelMs] = [median(outcome.serialMs), median(outcome.parallelMs)];
    const { traffic } = outcome;
    return {
      on,
      members,
      serialMs,
      parallelMs,
      speedUp: compares === 'speed-up' && !quick ? serialMs / parallelMs : null,
      traffic: traffic === undefined ? null : { ...traffic, mib: (traffic.pages * PAGE_BYTES) / 2 ** 20 },
      check: outcome.verdict,
    };
  });
  const results = teams.map(({ outcome }) => outcome.lines);
  const agree = new Set(results.map((lines) => lines.join('\n'))).size === 1;
  const ok = agree && runs.every(({ check }) => check.ok);
  return { example: name, about, settings, repetitions, quick, compares, ok, agree, runs, result: results.at(-1) ?? [] };
}

/** The report for people. No trailing newline. */
export function formatReport(report: Report): string {
  const { example, about, settings, repetitions, agree, runs, result } = report;
  const given = Object.entries(settings).map(([name, value]) => `${name} ${count(value)}`);
  return [
    `${example}: ${about}`,
    `${given.join(', ')}; medians of ${repetitions} ${repetitions === 1 ? 'repetition' : 'repetitions'}`,
    '',
    ...table([COLUMNS, ...runs.map((run) => cellsOf(run, report))]),
    '',
    ...runs.map(({ on, members, check }) => `${members} ${on}: ${check.ok ? 'ok' : 'WRONG'}: ${check.summary}`),
    ...(agree ? [] : ['WRONG: the runs show different results; the last one follows']),
    '',
    ...result,
  ].join('\n');
}

const COLUMNS = ['on', 'serial', 'parallel', 'speed-up', 'read faults', 'write faults', 'pages', 'MiB'];

function cellsOf({ on, members, serialMs, parallelMs, speedUp, traffic }: RunReport, { compares }: Report): string[] {
  const compared = compares === 'speed-up';
  return [
    `${members} ${on}`,
    compared ? milliseconds(serialMs) : '-',
    milliseconds(parallelMs),
    speedUp === null ? (compared ? 'too small to measure' : '-') : `${speedUp.toFixed(2)} ×`,
    ...(traffic === null
      ? ['-', '-', '-', '-']
      : [count(traffic.readFaults), count(traffic.writeFaults), count(traffic.pages), traffic.mib.toFixed(1)]),
  ];
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : count(Math.round(ms))} ms`;
}

/** Columns as wide as their widest cell; the first is aligned to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
  );
}
