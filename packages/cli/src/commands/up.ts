import { limits } from '@pagewire/protocol';
import { type Command, Option } from 'commander';
import { CommandError, exitCodes } from '../failure.js';
import { count, type MemoryChoice, memoryChoices, oneOf, port, type TransportChoice, transportChoices } from '../options/values.js';
import { type ClusterEvents, type ClusterOptions, ClusterProcesses, type RunningCluster } from '../processes/cluster-processes.js';
import { describeExit } from '../processes/managed-process.js';
import { aborted } from '../stop.js';
import { plainTable } from '../tables.js';
import type { Terminal } from '../terminal.js';
import type { Action } from './command-context.js';
import { warnIfInsecure } from './insecure-warning.js';

export interface UpOptions {
  readonly nodes: number;
  readonly host: string;
  readonly port: number;
  readonly transport: TransportChoice;
  readonly memory: MemoryChoice;
  readonly insecure: boolean;
  readonly json: boolean;
}

export function defineUp(program: Command, act: (options: UpOptions) => Promise<void>): Command {
  return program
    .command('up')
    .summary('start a coordinator and nodes on this machine')
    .description('Starts one coordinator and several nodes as processes on this machine, and ends with all of them.')
    .option('--nodes <n>', 'how many nodes', count({ min: 1, max: limits.maxNodes }), 3)
    .option('--host <host>', 'the address they listen on', '127.0.0.1')
    .option('--port <port>', "the coordinator's port; nodes take the following ones; 0 picks free ones", port, 7070)
    .addOption(
      new Option('--transport <kind>', `how they talk: ${transportChoices.join(', ')}; both mixes them between pairs`)
        .argParser(oneOf(transportChoices))
        .default('ws'),
    )
    .addOption(
      new Option('--memory <mode>', `where pages live: ${memoryChoices.join(', ')}`).argParser(oneOf(memoryChoices)).default('auto'),
    )
    .option('--insecure', 'allow a host beyond loopback: anyone who reaches the ports has full access, unencrypted', false)
    .option('--json', 'print one line of JSON when all are ready', false)
    .addHelpText(
      'after',
      `
Ctrl-C ends the nodes in good order and then the coordinator; a second Ctrl-C ends them at once.

Examples:
  pagewire up
  pagewire up --nodes 5 --transport both
  pagewire up --port 0 --json`,
    )
    .action(act);
}

export const runUp: Action<UpOptions> = async (options, context) => {
  const { terminal, stop } = context;
  warnIfInsecure(options.host, options.insecure, context);
  if (options.port > 0 && options.port + options.nodes > 65_535) {
    const least = `the coordinator and ${options.nodes} nodes take ${options.nodes + 1} ports from ${options.port} on`;
    throw new CommandError(`--port ${options.port}: ${least}, and the last port is 65535. Use a lower one, or 0.`, exitCodes.usage);
  }
  const cluster = await ClusterProcesses.start(options, reportTo(terminal), stop);
  if (options.json) terminal.out(JSON.stringify(readyLine(cluster, options)));
  else {
    describeCluster(cluster, terminal);
    terminal.say(`\n${tryNext(cluster, terminal)}`);
  }
  const ended = await Promise.race([aborted(stop.asked), cluster.coordinatorEnded]);
  if (ended === undefined) {
    terminal.say(terminal.colors.dim('stopping: the nodes leave, then the coordinator ends'));
    await cluster.processes.stop(stop.insisted);
    return stop.exitCode;
  }
  terminal.say(`pagewire up: the coordinator (pid ${cluster.coordinator.pid}) ${describeExit(ended)}; ending the nodes`);
  await cluster.processes.stop(stop.insisted);
  return exitCodes.failed;
};

/** Shows what happens to the processes of a cluster, as lines on stderr. */
export function reportTo(terminal: Terminal): ClusterEvents {
  const { colors } = terminal;
  return {
    log: (label, line) => terminal.say(`${colors.dim(`${label} |`)} ${line}`),
    nodeEnded: (label, pid, exit) =>
      terminal.say(`${colors.red(`${label} (pid ${pid}) ${describeExit(exit)}`)}; the other processes go on`),
  };
}

/** The one line that `pagewire up --json` prints. */
export function readyLine(cluster: RunningCluster, { transport }: Pick<ClusterOptions, 'transport'>) {
  return {
    ready: true,
    coordinator: cluster.coordinator.url,
    coordinatorPid: cluster.coordinator.pid,
    transport,
    memory: cluster.nodes[0]?.memory ?? '',
    nodes: cluster.nodes.map(({ name, url, urls, pid, incarnation, memory }) => ({ id: name, url, urls, pid, incarnation, memory })),
  } as const;
}

/** The same for people: a table on stdout, and why the nodes have the memory they have. */
export function describeCluster(cluster: RunningCluster, terminal: Terminal): void {
  const { coordinator, nodes } = cluster;
  const rows = [
    ['coordinator', coordinator.urls.join(' '), String(coordinator.pid), ''],
    ...nodes.map(({ name, urls, pid, memory }) => [name, urls.join(' '), String(pid), memory]),
  ];
  terminal.out(plainTable(terminal.outColors, ['process', 'reached by', 'pid', 'memory'], rows));
  const reason = nodes[0]?.memoryReason ?? '';
  if (reason !== '') terminal.say(terminal.colors.dim(`${nodes[0]?.memory} memory, because ${reason}`));
}

/** Commands worth trying against a running cluster. */
export function tryNext({ coordinator, nodes }: RunningCluster, { colors }: Terminal): string {
  const [first, ...others] = nodes;
  const url = first?.url ?? '';
  return [
    'Try, in another terminal:',
    `  ${colors.bold(`npx pagewire load --target ${url} --workload b`)}   reads and writes, verified`,
    `  ${colors.bold(`npx pagewire load --target ${nodes.map((node) => node.url).join(',')} --workload counter`)}`,
    `  ${colors.bold(`npx pagewire status --coordinator ${coordinator.url}`)}   who holds what`,
    ...others.slice(-1).map((node) => `  ${colors.bold(`kill -9 ${node.pid}`)}   and see what the others do without ${node.name}`),
    'Ctrl-C ends it all.',
  ].join('\n');
}
