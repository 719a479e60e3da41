import { connect } from '@pagewire/client';
import { type LoadOptions, type LoadReport, runLoad } from '@pagewire/loadgen';
import type { Findings } from '../findings.js';
import { survivableCode, Tallies } from './tallies.js';

/** How long one round of a workload lasts: what a lost page has taken out of it comes back with the next. */
const roundMs = 9000;
/** Rounds are as slow as two processors that also run the cluster allow. */
const ratePerWorkload = 350;
const clientsPerWorkload = 4;

const workloads: readonly (Pick<LoadOptions, 'workload'> & Partial<LoadOptions>)[] = [
  { workload: 'counter', records: 64 },
  { workload: 'transfer', records: 512 },
  { workload: 'a', records: 400, recordBytes: 1000 },
  { workload: 'f', records: 200, recordBytes: 200 },
  { workload: 'scan', records: 256, rate: 30 },
];

/** What loadgen says of locations that it could not read within its deadline; while members are down that proves nothing. */
const isUnread = (failure: string): boolean => / could not be read at the end through any client/.test(failure);

/** What one workload came to over all its rounds. */
export interface WorkloadSum {
  rounds: number;
  /** Rounds that could not be begun because of the faults around them. */
  givenUp: number;
  checks: number;
  wrong: number;
  /** Rounds whose last check met so many members down that some locations could not be read in its time. */
  unread: number;
  setAside: number;
  unfinished: number;
}

/**
 * The verified workloads of `@pagewire/loadgen`, all at once, each round after round: a region that nobody has used, clients of all nodes that
 * connect again whenever they are cut off, and everything checked at the end of the round.
 */
export class Rounds {
  readonly tallies = new Tallies();
  readonly #sums = new Map<string, WorkloadSum>();
  readonly #targets: readonly string[];
  readonly #findings: Findings;
  readonly #seed: number;
  #names = 0;
  #healedMs = Number.POSITIVE_INFINITY;

  constructor({ targets, findings, seed }: { readonly targets: readonly string[]; readonly findings: Findings; readonly seed: number }) {
    this.#targets = targets;
    this.#findings = findings;
    this.#seed = seed;
  }

  get sums(): ReadonlyMap<string, WorkloadSum> {
    return this.#sums;
  }

  /** From now on everything can be read, and what cannot is a finding. */
  healed(): void {
    this.#healedMs = performance.now();
  }

  /** Goes on until `untilMs` of `performance.now()`, or until `signal`; the last rounds are verified after it. */
  async run(untilMs: number, signal: AbortSignal): Promise<void> {
    await Promise.all(workloads.map((options) => this.#repeat(options, untilMs, signal)));
  }

  async #repeat(options: (typeof workloads)[number], untilMs: number, signal: AbortSignal): Promise<void> {
    for (let left = untilMs - performance.now(); left > 0 && !signal.aborted; left = untilMs - performance.now()) {
      await this.#round(options, Math.max(500, Math.min(roundMs, left)), signal);
    }
  }

  async #round(options: (typeof workloads)[number], durationMs: number, signal: AbortSignal): Promise<void> {
    this.#names += 1;
    const { workload } = options;
    const sum = this.#sumOf(workload);
    const seed = (this.#seed + this.#names) >>> 0;
    const regionName = `round-${this.#names}-${workload}`;
    const fixed = { targets: this.#targets, clients: Math.max(clientsPerWorkload, this.#targets.length), depth: 2, rate: ratePerWorkload };
    try {
      const report = await runLoad(
        { ...fixed, ...options, durationMs, seed, regionName, keep: false },
        { open: (client) => this.#connect(client), signal },
      );
      sum.rounds += 1;
      this.#add(report, sum);
    } catch (error) {
      const code = survivableCode(error);
      if (code === undefined) this.#findings.add(`workload ${workload}, region ${regionName}: ${describe(error)}`);
      sum.givenUp += 1;
      this.tallies.note(code === undefined ? 'bug' : `round:${code}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  #connect(client: number) {
    const target = this.#targets[client % this.#targets.length] ?? '';
    return connect(target, { link: { resumeMs: 1500 } });
  }

  #add(report: LoadReport, sum: WorkloadSum): void {
    const { verification, errors, unfinished, operations, setAside, regionName } = report;
    this.tallies.note('ok', operations);
    for (const [code, count] of Object.entries(errors)) this.tallies.note(code, count);
    if (unfinished > 0) this.tallies.note('unfinished', unfinished);
    const isExcused = performance.now() - report.verifyMs < this.#healedMs;
    const failures = verification.failures.filter((failure) => !(isExcused && isUnread(failure)));
    const unread = verification.failures.length - failures.length;
    sum.checks += verification.checks;
    sum.wrong += verification.wrong - unread;
    sum.unread += unread;
    sum.setAside += setAside;
    sum.unfinished += unfinished;
    for (const failure of failures) this.#findings.add(`workload ${report.workload}, region ${regionName}: ${failure}`);
    const hidden = verification.wrong - verification.failures.length;
    if (hidden > 0) this.#findings.add(`workload ${report.workload}, region ${regionName}: ${hidden} more failures`);
  }

  #sumOf(workload: string): WorkloadSum {
    const known = this.#sums.get(workload);
    if (known !== undefined) return known;
    const fresh: WorkloadSum = { rounds: 0, givenUp: 0, checks: 0, wrong: 0, unread: 0, setAside: 0, unfinished: 0 };
    this.#sums.set(workload, fresh);
    return fresh;
  }
}

const describe = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
