import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mutantGroups } from './all-mutants.js';
import { allChecks } from './checks/all-checks.js';
import { childRun } from './checks/child-run.js';
import { type Options, parseOptions, usage } from './options.js';
import { reportOf } from './report.js';
import { baselineSummary, columns, layerMatrix, progressLine, resultTable, summary, trialLine } from './table.js';
import { runMutants, type Trial } from './trial.js';

/** What the signal to stop ends a run with. */
class Stopped extends Error {}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    say(`pnpm mutants: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    return 2;
  }
  if (options.help) say(usage);
  else if (options.list) list();
  else return run(options);
  return 0;
}

function list(): void {
  for (const { title, mutants } of mutantGroups) {
    say(`\n${title}`);
    say(columns(mutants.map(({ name, breaks }) => [`  ${name}`, breaks])));
  }
}

async function run(options: Options): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort(new Stopped(signal)));
  // What runs that are ended leave behind goes with this folder.
  const scratch = mkdtempSync(join(tmpdir(), 'pagewire-mutants-'));
  process.env['TMPDIR'] = scratch;
  try {
    return await trials(options, stop.signal);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    say(`stopped by ${error.message}`);
    return 130;
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function trials({ mutants, layers, everyLayer, jobs, json }: Options, signal: AbortSignal): Promise<number> {
  const started = performance.now();
  const baselines: Trial[] = [];
  const results = await runMutants({
    mutants,
    checks: allChecks().filter(({ layer }) => layers.includes(layer)),
    everyLayer,
    jobs,
    run: (job, mutant) => childRun(job, mutant, signal),
    onBaseline: (trial) => {
      baselines.push(trial);
      say(`without a bug: ${trialLine(trial)}`);
    },
    onResult: (result, done) => say(`${done}/${mutants.length} ${progressLine(result, everyLayer)}`),
  });
  const seconds = (performance.now() - started) / 1000;
  say(`\n${resultTable(results)}`);
  if (everyLayer) say(`\n${layerMatrix(results, layers)}`);
  say(`\nwithout a bug: ${baselineSummary(baselines)}`);
  say(`${summary(results)} in ${seconds.toFixed(0)} s`);
  if (json) process.stdout.write(`${JSON.stringify(reportOf({ baselines, results, seconds }))}\n`);
  return results.every(({ outcome }) => outcome === 'killed' || outcome === 'skipped') ? 0 : 1;
}
