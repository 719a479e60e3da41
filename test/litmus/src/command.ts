import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandLine, parseCommandLine, UsageError, usage } from './command-line.js';
import { layoutsOf } from './layout.js';
import type { LitmusTest } from './litmus-test.js';
import { Oracle, TooLargeError } from './oracle.js';
import { type Outcome, outcomeKey, type Program, programOf } from './program.js';
import { describeJudgement, heading, type TestReport, testReport } from './report.js';
import { runProgram } from './run-program.js';
import type { IterationPlan, LitmusTarget } from './target.js';
import { targetFor } from './targets/target-for.js';
import { parseTests, TestFileError } from './test-file.js';

const exitCodes = { ok: 0, failed: 1, usage: 2 } as const;
const ownTests = fileURLToPath(new URL('../tests/litmus.json', import.meta.url));

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const print = (result: unknown): void => void process.stdout.write(`${JSON.stringify(result)}\n`);

/** Runs the command; answers with its exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  try {
    const options = parseCommandLine(args);
    if (options.help) {
      process.stderr.write(usage);
      return exitCodes.ok;
    }
    return await runTests(options, prepare(readTests(options), options));
  } catch (error) {
    const isUsage = error instanceof UsageError || error instanceof TestFileError || error instanceof TooLargeError;
    const debug = process.env['PAGEWIRE_DEBUG'] === '1' && error instanceof Error;
    say(`litmus: ${debug ? error.stack : error instanceof Error ? error.message : String(error)}`);
    return isUsage ? exitCodes.usage : exitCodes.failed;
  }
}

function readTests({ file, tests }: CommandLine): readonly LitmusTest[] {
  const path = file === undefined ? ownTests : find(file);
  let all: readonly LitmusTest[];
  try {
    all = parseTests(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof TestFileError) throw new TestFileError(`${path}: ${error.message}`);
    throw new UsageError(`--file ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const missing = tests.find((name) => !all.some((test) => test.name === name));
  if (missing !== undefined) throw new UsageError(`--test ${missing}: there are ${all.map(({ name }) => name).join(', ')}`);
  return tests.length === 0 ? all : all.filter(({ name }) => tests.includes(name));
}

/** Package managers run scripts in the root of the workspace, and say in INIT_CWD where they were called. */
function find(file: string): string {
  const here = resolve(file);
  return existsSync(here) ? here : resolve(process.env['INIT_CWD'] ?? '.', file);
}

/** Goes through the interleavings of every program and holds what the file says of it against that. */
function prepare(tests: readonly LitmusTest[], { layout }: CommandLine): readonly Oracle[] {
  return tests.flatMap((test) =>
    layoutsOf(test, layout).map((each, index) => {
      const oracle = new Oracle(programOf(test, each));
      if (oracle.allowsForbidden())
        throw new TestFileError(`test "${test.name}": sequential consistency allows the outcome that it forbids`);
      if (index === 0) warn(oracle);
      return oracle;
    }),
  );
}

function warn({ program: { test, columns }, outcomes }: Oracle): void {
  const counted = outcomes?.length;
  const note = (what: string): void => say(`litmus: test "${test.name}": ${what}`);
  if (counted === undefined) note('it has too many outcomes to count: that it has raced is not judged');
  else if (test.scOutcomes !== undefined && test.scOutcomes !== counted) {
    note(`sc_outcomes is ${test.scOutcomes}, and all interleavings gone through give ${counted}; going on with ${counted}`);
  }
  const unseen = [...test.forbidden.keys()].filter((name) => !columns.includes(name));
  if (unseen.length > 0) note(`${unseen.join(', ')} of the forbidden outcome dies with its node: only the other outcomes are judged`);
}

async function runTests(options: CommandLine, oracles: readonly Oracle[]): Promise<number> {
  const chosen = targetFor(
    options.target,
    oracles.map(({ program }) => program),
  );
  if ('skipped' in chosen) {
    say(`litmus: skipped: ${chosen.skipped}`);
    if (options.json) print({ ok: true, target: options.target, skipped: chosen.skipped, tests: [] });
    return exitCodes.ok;
  }
  const interruption = new Interruption();
  try {
    await using target = chosen;
    const reports = await Promise.race([runAll(options, oracles, target, interruption.signal), interruption.happened]);
    if (reports === undefined) return interruption.exitCode;
    const ok = reports.every(({ verdict }) => verdict === 'ok');
    if (options.json) print({ ok, target: options.target, tests: reports });
    say(
      ok
        ? 'litmus: ok'
        : `litmus: FAILED: ${reports
            .filter(({ verdict }) => verdict !== 'ok')
            .map(({ name, layout }) => `${name} (${layout})`)
            .join(', ')}`,
    );
    return ok ? exitCodes.ok : exitCodes.failed;
  } finally {
    interruption.dispose();
  }
}

async function runAll(
  { iterations, seed }: CommandLine,
  oracles: readonly Oracle[],
  target: LitmusTarget,
  stop: AbortSignal,
): Promise<TestReport[] | undefined> {
  const width = Math.max(...oracles.map(({ program }) => program.test.name.length));
  const live = process.stderr.isTTY === true;
  const reports: TestReport[] = [];
  say(heading(width));
  for (const oracle of oracles) {
    const { program } = oracle;
    const label = `${program.test.name} ${program.layout.name}`;
    const judgement = await runProgram(target, oracle, {
      ...{ iterations, seed, stop },
      onProgress: (done, of) => live && process.stderr.write(`\r\x1b[2K${label} ${done}/${of}`),
      onWrong: (plan, outcome) => showWrong(target, program, plan, outcome),
    });
    if (live) process.stderr.write('\r\x1b[2K');
    if (stop.aborted) return undefined;
    say(describeJudgement(judgement, width));
    reports.push(testReport(judgement));
  }
  return reports;
}

function showWrong(target: LitmusTarget, program: Program, plan: IterationPlan, outcome: Outcome): void {
  say(
    `litmus: ${program.test.name} ${program.layout.name} ended in ${program.columns.join(' ')} = ${outcomeKey(outcome)}, after ${JSON.stringify(plan)}`,
  );
  for (const line of target.explain?.(program, plan, outcome) ?? []) say(`  ${line}`);
}

/** Ctrl-C and its like: ends the run; a second one ends the process at once. */
class Interruption {
  readonly #controller = new AbortController();
  readonly #listeners: (() => void)[] = [];
  readonly happened: Promise<undefined>;
  exitCode: number = exitCodes.ok;

  constructor() {
    const { signal } = this.#controller;
    this.happened = new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const listener = (): void => {
        this.exitCode = 128 + constants.signals[name];
        this.#controller.abort();
      };
      process.on(name, listener);
      this.#listeners.push(() => process.off(name, listener));
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  dispose(): void {
    for (const remove of this.#listeners) remove();
  }
}
