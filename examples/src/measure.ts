import { drawn, writePng } from './drawing.js';
import type { Opened, Program, Serial, Setting } from './example.js';
import type { Job } from './job.js';
import type { Outcome, Verdict } from './outcome.js';
import { PAGE_BYTES, type Team, type Traffic } from './team/team.js';

/**
 * One member's part in a job. Each repetition runs the serial version at member 0 while the others wait, then the parallel one on all, and
 * compares them: both times come from one process a moment apart, so that their ratio means something on a busy machine.
 */
export async function measure<Name extends string, Plan, Result>(
  program: Program<Name, Plan, Result>,
  team: Team,
  job: Job,
): Promise<Outcome | undefined> {
  const settings = completed(program, job.settings);
  program.check?.(settings, team.size);
  const plan = await program.prepare(settings, team.size);
  const opened = await program.open(plan, team);
  const ledger = await TrafficLedger.open(team, job.repetitions);
  const serialMs: number[] = [];
  const parallelMs: number[] = [];
  let verdict: Verdict | undefined;
  let last: Result | undefined;
  for (let repetition = 0; repetition < job.repetitions; repetition += 1) {
    await team.barrier();
    const expected = team.rank === 0 ? runAlone(program.serial(plan), serialMs) : undefined;
    parallelMs.push(await repeat(opened, team, ledger));
    if (expected === undefined) continue;
    last = opened.collect();
    // The first that differs stays.
    if (verdict?.ok !== false) verdict = program.compare(plan, expected, last);
  }
  await ledger.close();
  if (verdict === undefined || last === undefined) return undefined;
  const picture = program.picture?.(plan, last);
  if (picture !== undefined && job.png !== undefined) writePng(job.png, picture);
  const lines = [...program.show(plan, last), ...(picture === undefined ? [] : drawn(picture, job.colours))];
  return { serialMs, parallelMs, traffic: ledger.perRepetition(), verdict, lines };
}

function runAlone<Result>(serial: Serial<Result>, tookMs: number[]): Result {
  const start = performance.now();
  serial.compute();
  tookMs.push(performance.now() - start);
  return serial.collect();
}

/** One parallel run. Returns how long all members together took. */
async function repeat<Result>(opened: Opened<Result>, team: Team, ledger: TrafficLedger): Promise<number> {
  opened.place();
  await team.barrier();
  const start = performance.now();
  const before = team.traffic();
  await opened.compute();
  await team.barrier();
  const tookMs = performance.now() - start;
  ledger.add(before, team.traffic());
  return tookMs;
}

/** The settings given, and for the others the usual. */
export function completed<Name extends string>(
  program: { readonly settings: Readonly<Record<Name, Setting>> },
  given: Readonly<Record<string, number>>,
): Record<Name, number> {
  const complete = Object.entries<Setting>(program.settings).map(([name, { usual }]) => [name, given[name] ?? usual]);
  // Its names are those of `program.settings`, which are `Name`.
  return Object.fromEntries(complete) as Record<Name, number>;
}

/** What the runs have cost each member, told to member 0 through shared memory: one page for each, because each has another writer. */
class TrafficLedger {
  #readFaults = 0;
  #writeFaults = 0;
  #pages = 0;

  private constructor(
    readonly team: Team,
    readonly repetitions: number,
    readonly rows: readonly Float64Array[],
  ) {}

  static async open(team: Team, repetitions: number): Promise<TrafficLedger> {
    const buffer = await team.share('traffic', team.size * PAGE_BYTES);
    const rows = Array.from({ length: team.size }, (_, rank) => new Float64Array(buffer, rank * PAGE_BYTES, 3));
    return new TrafficLedger(team, repetitions, rows);
  }

  add(before: Traffic | undefined, after: Traffic | undefined): void {
    if (before === undefined || after === undefined) return;
    this.#readFaults += after.readFaults - before.readFaults;
    this.#writeFaults += after.writeFaults - before.writeFaults;
    this.#pages += after.pages - before.pages;
  }

  /** Resolves when every member's row is there. */
  async close(): Promise<void> {
    this.rows[this.team.rank]?.set([this.#readFaults, this.#writeFaults, this.#pages]);
    await this.team.barrier();
  }

  perRepetition(): Traffic | undefined {
    if (this.team.traffic() === undefined) return undefined;
    const mean = (column: number): number => Math.round(this.rows.reduce((sum, row) => sum + (row[column] ?? 0), 0) / this.repetitions);
    return { readFaults: mean(0), writeFaults: mean(1), pages: mean(2) };
  }
}
