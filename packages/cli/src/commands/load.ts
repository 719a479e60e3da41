import {
  type Distribution,
  distributions,
  formatReport,
  type LoadHooks,
  type LoadOptions,
  type LoadReport,
  loadLimits,
  runLoad,
  type WorkloadName,
  workloadNames,
} from '@pagewire/loadgen';
import { limits } from '@pagewire/protocol';
import { type Command, Option } from 'commander';
import { CommandError, exitCodes } from '../failure.js';
import { count, duration, oneOf, peerUrls, size } from '../options/values.js';
import { aborted, type StopRequests } from '../stop.js';
import type { Action } from './command-context.js';
import { LoadProgressLines } from './load-progress.js';

/** The flags as given; the load generator fills in what is left out. */
export interface LoadFlags {
  readonly target: readonly string[];
  readonly workload: WorkloadName;
  readonly clients?: number;
  readonly depth?: number;
  readonly duration?: number;
  readonly operations?: number;
  readonly records?: number;
  readonly recordBytes?: number;
  readonly distribution?: Distribution;
  readonly seed?: number;
  readonly rate?: number;
  readonly region?: string;
  readonly history?: string;
  readonly json: boolean;
}

export function defineLoad(program: Command, act: (flags: LoadFlags) => Promise<void>): Command {
  return program
    .command('load')
    .summary('drive a cluster with clients and verify what it answers')
    .description('Drives nodes with clients over the network, measures, and verifies every answer.')
    .requiredOption('--target <url,...>', 'ws://HOST:PORT or grpc://HOST:PORT of one or more nodes; clients are spread over them', peerUrls)
    .addOption(
      new Option('--workload <name>', `YCSB a to f, or ${workloadNames.filter((name) => name.length > 1).join(', ')}`)
        .argParser(oneOf(workloadNames))
        .makeOptionMandatory(),
    )
    .option('--clients <n>', 'clients, each with a connection of its own (default: 8)', count({ min: 1, max: loadLimits.maxClients }))
    .option('--depth <n>', 'operations that each client keeps in flight (default: 1)', count({ min: 1, max: loadLimits.maxDepth }))
    .option('--duration <time>', 'how long to run (default: 10s)', duration({ min: 1 }))
    .option('--operations <n>', 'end after so many operations', count({ min: 1 }))
    .option('--records <n>', 'records, counters or accounts (default: by workload)', count({ min: 1, max: loadLimits.maxRecords }))
    .option('--record-bytes <size>', 'size of a record (default: 1KiB)', size({ min: 1, max: limits.maxOperationBytes }))
    .addOption(
      new Option('--distribution <kind>', `how keys are chosen: ${distributions.join(', ')} (default: as YCSB does)`).argParser(
        oneOf(distributions),
      ),
    )
    .option('--seed <n>', 'makes the choices of a run repeatable (default: random, and reported)', count({ max: 2 ** 32 - 1 }))
    .option(
      '--rate <n>',
      'operations a second over all clients, with latency from the intended start (default: as fast as it goes)',
      count({ min: 1, max: loadLimits.maxRate }),
    )
    .option('--region <name>', 'the region to use and leave in place (default: one of its own, deleted at the end)')
    .option('--history <file>', 'record what the clients do and see, for `node packages/history/dist/check.js <file>` (a to d, f, counter)')
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      `
Workloads: a half reads, half updates; b 95 % reads; c reads only; d reads of the latest; e short scans; f read-modify-write; counter adds
to shared counters, whose sum must be exact; transfer moves money between accounts, whose total must never change; scan reads in order.
Exits with 1 when something that was read or counted is wrong.

Examples:
  pagewire load --target ws://127.0.0.1:7071 --workload b
  pagewire load --target ws://127.0.0.1:7071,grpc://127.0.0.1:7072 --workload counter --clients 32 --duration 30s
  pagewire load --target ws://127.0.0.1:7071 --workload a --rate 5000 --seed 7 --json`,
    )
    .action(act);
}

/** The load that the flags ask for. */
export function loadOptions({ target, duration: durationMs, region, history, json: _, ...rest }: LoadFlags): LoadOptions {
  return {
    targets: target,
    ...rest,
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(region === undefined ? {} : { regionName: region }),
    ...(history === undefined ? {} : { historyFile: history }),
  };
}

export const runLoadCommand: Action<LoadFlags> = async (flags, { terminal, stop }) => {
  const options = loadOptions(flags);
  const progress = new LoadProgressLines(terminal, { label: options.workload, runMs: options.durationMs, quietWithoutTty: flags.json });
  const report = await driveLoad(options, stop, (state) => progress.show(state)).finally(() => progress.end());
  terminal.out(flags.json ? JSON.stringify(report) : formatReport(report));
  if (!report.verification.ok) return exitCodes.failed;
  return stop.exitCode;
};

/** Runs a load with clients of its own, spread over the targets. A request to stop ends it early with a report; a second one at once. */
export async function driveLoad(
  options: LoadOptions,
  stop: Pick<StopRequests, 'asked' | 'insisted' | 'exitCode'>,
  onProgress: NonNullable<LoadHooks['onProgress']>,
): Promise<LoadReport> {
  const run = runLoad(options, { onProgress, signal: stop.asked });
  const insisted = aborted(stop.insisted).then(() => {
    throw new CommandError('ended at once; nothing was verified', stop.exitCode);
  });
  return Promise.race([run, insisted]);
}
