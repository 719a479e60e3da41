import type { LoadOptions, LoadReport } from '@pagewire/loadgen';
import { type Command, Option } from 'commander';
import { CommandError, exitCodes } from '../failure.js';
import { duration } from '../options/values.js';
import { type ClusterEvents, ClusterProcesses, type RunningCluster } from '../processes/cluster-processes.js';
import { portsAreFree } from '../processes/free-ports.js';
import { describeExit } from '../processes/managed-process.js';
import { aborted, type StopRequests } from '../stop.js';
import type { Terminal } from '../terminal.js';
import type { Action, CommandContext } from './command-context.js';
import { type Demonstration, demonstrationTable } from './demo-table.js';
import { driveLoad } from './load.js';
import { LoadProgressLines } from './load-progress.js';
import { countedBetween, readNodeCounters } from './node-counters.js';
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
    .addOption(
      new Option('--duration <time>', 'how long each workload runs').argParser(duration({ min: 100, max: 3_600_000 })).default(4000, '4s'),
    )
    .option('--json', 'print one JSON object after the workloads', false)
    .action(act);
}

export const runDemo: Action<DemoOptions> = async (options, { terminal, stop }) => {
  const ended = new Set<string>();
  const cluster = await startCluster(terminal, stop, ended);
  const { processes } = cluster;
  try {
    if (!options.json) describeCluster(cluster, terminal);
    const demonstrations = await orCoordinatorGone(
      demonstrateAll(() => urlsOfLiving(cluster, ended), options, { terminal, stop }),
      cluster,
    );
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

/** `ended` is told the names of nodes that end before they are asked to. */
async function startCluster(terminal: Terminal, stop: StopRequests, ended: Set<string>): Promise<RunningCluster> {
  const free = await portsAreFree(host, preferredPort, nodes + 1);
  if (!free) terminal.say(`Ports ${preferredPort} to ${preferredPort + nodes} are not all free; using others.`);
  terminal.say(`Starting a coordinator and ${nodes} nodes.`);
  const options = { nodes, host, port: free ? preferredPort : 0, transport: 'both', memory: 'auto', insecure: false } as const;
  const events = reportTo(terminal);
  // Nodes that come and go as they should are no news here.
  const log: ClusterEvents['log'] = (label, line) => line.startsWith('info ') || events.log(label, line);
  const nodeEnded: ClusterEvents['nodeEnded'] = (name, pid, exit) => {
    ended.add(name);
    events.nodeEnded(name, pid, exit);
  };
  return ClusterProcesses.start(options, { log, nodeEnded }, stop);
}

function urlsOfLiving({ nodes }: RunningCluster, ended: ReadonlySet<string>): readonly string[] {
  const urls = nodes.filter(({ name }) => !ended.has(name)).map(({ url }) => url);
  if (urls.length === 0) throw new CommandError('every node has ended, so there is nothing left to show');
  return urls;
}

/** `targets` is asked before each load: a node that died during one takes no part in the next. */
async function demonstrateAll(
  targets: () => readonly string[],
  { duration }: DemoOptions,
  { terminal, stop }: Pick<CommandContext, 'terminal' | 'stop'>,
): Promise<readonly Demonstration[]> {
  const done: Demonstration[] = [];
  for (const load of loads) {
    if (stop.asked.aborted) break;
    terminal.say(`\n${introduction(load.workload)}`);
    const progress = new LoadProgressLines(terminal, { label: load.workload, runMs: duration, quietWithoutTty: false });
    const urls = targets();
    const before = await readNodeCounters(urls);
    const report = await driveLoad({ ...load, targets: urls, durationMs: duration }, stop, (state) => progress.show(state)).finally(() =>
      progress.end(),
    );
    const counters = countedBetween(before, await readNodeCounters(urls));
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

function summary(report: LoadReport, { colors }: Terminal): string {
  const { verification } = report;
  const verdict = verification.ok ? colors.green('verified') : colors.red('FAILED');
  const details = [...verification.failures, ...report.notes.map((note) => `note: ${note}`)];
  return [`${verdict}: ${verification.summary}`, ...details.map((detail) => `    ${detail}`)].join('\n');
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
