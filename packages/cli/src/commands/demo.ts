import type { LoadOptions, LoadReport } from '@pagewire/loadgen';
import type { Command } from 'commander';
import { CommandError, exitCodes } from '../failure.js';
import { duration } from '../options/values.js';
import { type ClusterEvents, ClusterProcesses, type RunningCluster } from '../processes/cluster-processes.js';
import { portsAreFree } from '../processes/free-ports.js';
import { describeExit } from '../processes/managed-process.js';
import { aborted, type StopRequests } from '../stop.js';
import type { Terminal } from '../terminal.js';
import type { Action } from './command-context.js';
import { type Demonstration, demonstrationTable } from './demo-table.js';
import { driveLoad } from './load.js';
import { LoadProgressLines } from './load-progress.js';
import { readNodeCounters, subtractCounters } from './node-counters.js';
import { describeCluster, readyLine, reportTo, tryNext } from './up.js';

export interface DemoOptions {
  readonly once: boolean;
  readonly json: boolean;
  readonly duration: number;
}

const host = '127.0.0.1';
const preferredPort = 7070;
const nodes = 3;

/** Few enough clients and records that two slow processors do them well. */
const loads = [
  { workload: 'b', clients: 12, records: 4000 },
  { workload: 'counter', clients: 12 },
  { workload: 'transfer', clients: 12 },
] as const satisfies readonly Omit<LoadOptions, 'targets'>[];

/** What `npm start` shows; not in the help, because `up` and `load` are what people use afterwards. */
export function defineDemo(program: Command, act: (options: DemoOptions) => Promise<void>): Command {
  return program
    .command('demo', { hidden: true })
    .description(
      'Starts a cluster that uses both transports, drives it with three workloads, shows what was measured and verified, and stays up.',
    )
    .option('--once', 'end after the report', false)
    .option('--duration <time>', 'how long each workload runs', duration({ min: 100, max: 3_600_000 }), 4000)
    .option('--json', 'print one JSON object after the workloads', false)
    .action(act);
}

export const runDemo: Action<DemoOptions> = async (options, { terminal, stop }) => {
  const cluster = await startCluster(terminal, stop);
  const { processes } = cluster;
  try {
    if (!options.json) describeCluster(cluster, terminal);
    const demonstrations = await orCoordinatorGone(demonstrateAll(cluster, options, terminal, stop), cluster);
    report(cluster, demonstrations, options, terminal);
    const ok = demonstrations.every(({ report }) => report.verification.ok);
    // Interrupted before the end: what was shown is not all.
    if (stop.asked.aborted) return stop.exitCode;
    if (options.once || !ok) return ok ? exitCodes.ok : exitCodes.failed;
    terminal.say(`\nThe cluster stays up. ${tryNext(cluster, terminal)}`);
    await orCoordinatorGone(aborted(stop.asked), cluster);
    return exitCodes.ok;
  } finally {
    terminal.say(terminal.colors.dim('stopping: the nodes leave, then the coordinator ends'));
    await processes.stop(stop.insisted);
  }
};

async function startCluster(terminal: Terminal, stop: StopRequests): Promise<RunningCluster> {
  const free = await portsAreFree(host, preferredPort, nodes + 1);
  if (!free) terminal.say(`Ports ${preferredPort} to ${preferredPort + nodes} are not all free; using others.`);
  terminal.say(`Starting a coordinator and ${nodes} nodes.`);
  const options = { nodes, host, port: free ? preferredPort : 0, transport: 'both', memory: 'auto', insecure: false } as const;
  const events = reportTo(terminal);
  // Nodes that come and go as they should are no news here.
  const log: ClusterEvents['log'] = (label, line) => line.startsWith('info ') || events.log(label, line);
  return ClusterProcesses.start(options, { ...events, log }, stop);
}

async function demonstrateAll(
  cluster: RunningCluster,
  { duration }: DemoOptions,
  terminal: Terminal,
  stop: StopRequests,
): Promise<readonly Demonstration[]> {
  const targets = cluster.nodes.map(({ url }) => url);
  const done: Demonstration[] = [];
  for (const load of loads) {
    if (stop.asked.aborted) break;
    terminal.say(`\n${introduction(load.workload)}`);
    const progress = new LoadProgressLines(terminal, { label: load.workload, runMs: duration, quietWithoutTty: false });
    const before = await readNodeCounters(targets);
    const report = await driveLoad({ ...load, targets, durationMs: duration }, stop, (state) => progress.show(state)).finally(() =>
      progress.end(),
    );
    const counters = subtractCounters(await readNodeCounters(targets), before);
    done.push({ report, counters });
    terminal.say(`  ${summary(report, terminal)}`);
  }
  return done;
}

function introduction(workload: (typeof loads)[number]['workload']): string {
  switch (workload) {
    case 'b':
      return 'YCSB b: 95 % reads and 5 % updates of records, from clients of all nodes';
    case 'counter':
      return 'counter: clients of all nodes add to the same counters; the sums must be exact';
    case 'transfer':
      return 'transfer: money moves between accounts by compare-exchange; the total must never change';
  }
}

function summary({ verification }: LoadReport, { colors }: Terminal): string {
  const verdict = verification.ok ? colors.green('verified') : colors.red('WRONG');
  return [`${verdict}: ${verification.summary}`, ...verification.failures.map((failure) => `    ${failure}`)].join('\n');
}

function report(cluster: RunningCluster, demonstrations: readonly Demonstration[], options: DemoOptions, terminal: Terminal): void {
  if (options.json) {
    const loads = demonstrations.map(({ report, counters }) => ({ ...report, counters }));
    terminal.out(JSON.stringify({ ...readyLine(cluster, { transport: 'both' }), loads }));
  } else if (demonstrations.length > 0) {
    terminal.out(`\n${demonstrationTable(demonstrations, terminal.outColors)}`);
  }
}

/** Work that makes no sense without a coordinator. */
function orCoordinatorGone<T>(work: Promise<T>, { coordinatorEnded }: RunningCluster): Promise<T> {
  const gone = coordinatorEnded.then((exit) => {
    throw new CommandError(`the coordinator ${describeExit(exit)}`);
  });
  return Promise.race([work, gone]);
}
