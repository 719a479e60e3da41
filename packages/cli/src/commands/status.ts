import { connect, requestStatus, type Status } from '@pagewire/client';
import type { ClusterStatus, NodeStatus } from '@pagewire/coordinator';
import { PagewireError } from '@pagewire/protocol';
import type { Command } from 'commander';
import { CommandError, exitCodes } from '../failure.js';
import { formatSize } from '../options/units.js';
import { peerUrl } from '../options/values.js';
import { unlessStopped } from '../stop.js';
import { plainTable } from '../tables.js';
import type { Colors } from '../terminal.js';
import type { Action } from './command-context.js';
import { grouped } from './load-progress.js';

/** How long a node may take to say that it is one. */
const nodeAnswerMs = 2000;
/** Regions that the table shows; the rest are counted. */
const shownRegions = 20;

export interface StatusOptions {
  readonly coordinator: string;
  readonly json: boolean;
}

export function defineStatus(program: Command, act: (options: StatusOptions) => Promise<void>): Command {
  return program
    .command('status')
    .summary('show nodes, regions, pages and fault rates')
    .description('Shows what the coordinator knows: nodes, regions, pages by state and fault rates.')
    .requiredOption('--coordinator <url>', 'ws://HOST:PORT or grpc://HOST:PORT of the coordinator', peerUrl)
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      `
Examples:
  pagewire status --coordinator ws://127.0.0.1:7070
  pagewire status --coordinator grpc://127.0.0.1:7070 --json | jq .pages`,
    )
    .action(act);
}

export const runStatus: Action<StatusOptions> = async ({ coordinator, json }, { terminal, stop }) => {
  const asking = requestStatus(coordinator).catch(async (error: unknown) => {
    throw (await nodeInsteadOf(coordinator, error)) ?? error;
  });
  const status = await unlessStopped(asking, stop);
  if (!isClusterStatus(status)) {
    throw new PagewireError(
      'protocol-violation',
      `${coordinator} does not answer as a coordinator does; check that it is one, and its version`,
    );
  }
  terminal.out(json ? JSON.stringify(status) : describeStatus(status, terminal.outColors));
  return exitCodes.ok;
};

/** A node refuses a tool's connection but takes a client's: then it can say which node it is. Undefined when it is none. */
async function nodeInsteadOf(url: string, refusal: unknown): Promise<CommandError | undefined> {
  if (!(refusal instanceof PagewireError) || refusal.code !== 'protocol-violation') return undefined;
  try {
    await using client = await connect(url, { connectTimeoutMs: nodeAnswerMs, operationTimeoutMs: nodeAnswerMs });
    const { name, state } = await client.status();
    if (typeof name !== 'string') return undefined;
    const what = `${url} is node "${name}" (${String(state)}), and only the coordinator knows the whole cluster`;
    const advice = 'give the URL that the node was started with, as --coordinator ws://HOST:PORT; `pagewire up` prints it first';
    return new CommandError(`${what}; ${advice}`, exitCodes.usage);
  } catch (error) {
    if (error instanceof PagewireError) return undefined;
    throw error;
  }
}

/** The parts that are shown are there; the answer comes from another process, perhaps of another version. */
function isClusterStatus(status: Status | ClusterStatus): status is ClusterStatus {
  const { nodes, regions, pages, process } = status;
  return Array.isArray(nodes) && Array.isArray(regions) && typeof pages === 'object' && typeof process === 'object';
}

/** The status as text: a line on the cluster, then nodes, regions and pages. */
export function describeStatus(status: ClusterStatus, colors: Colors): string {
  const { nodes, regions } = status;
  return [
    `${colors.bold('cluster')} ${status.cluster}  up ${elapsed(status.uptimeMs)}  epoch ${status.epoch}  coordinator ${megabytes(status.process.rss)} resident`,
    nodes.length === 0 ? 'no nodes' : nodeTable(nodes, colors),
    regions.length === 0 ? 'no regions' : regionTable(status, colors),
    pageLine(status, colors),
  ].join('\n\n');
}

function nodeTable(nodes: readonly NodeStatus[], colors: Colors): string {
  const head = ['node', 'state', 'reached by', 'resident', 'read faults/s', 'write faults/s', 'sent/s', 'received/s', 'client ops/s'];
  const byName = [...nodes].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const rows = byName.map(({ name, state, urls, counters, rates }) => [
    name,
    state === 'live' ? colors.green(state) : colors.red(state),
    urls.join(' '),
    `${counters.residentPages} pages`,
    ...[rates.readFaults, rates.writeFaults, rates.pagesSent, rates.pagesReceived, rates.clientOperations].map(perSecond),
  ]);
  return plainTable(colors, head, rows, [3, 4, 5, 6, 7, 8]);
}

function regionTable({ regions, regionCount }: ClusterStatus, colors: Colors): string {
  const shown = regions.slice(0, shownRegions);
  const rows = shown.map(({ name, bytes, pageBytes }) => [name, formatSize(bytes), String(bytes / pageBytes), formatSize(pageBytes)]);
  const table = plainTable(colors, ['region', 'size', 'pages', 'page size'], rows, [1, 2, 3]);
  // A coordinator of another version may not say how many there are.
  const more = Math.max(regionCount ?? 0, regions.length) - shown.length;
  return more > 0 ? `${table}\n${colors.dim(`and ${grouped(more)} more; --json shows more of them`)}` : table;
}

function pageLine({ pages, storedBytes, pagesLost }: ClusterStatus, colors: Colors): string {
  const counts = `${pages.unheld} unheld, ${pages.shared} shared, ${pages.exclusive} exclusive, ${pages.busy} changing hands, ${pages.lost} lost`;
  const lost = pagesLost === 0 ? '' : colors.red(`; ${pagesLost} lost since the start`);
  return `${colors.bold('pages')} ${counts}; ${megabytes(storedBytes)} stored by the coordinator${lost}`;
}

const perSecond = (rate: number): string => (rate >= 100 || rate === 0 ? rate.toFixed(0) : rate.toFixed(1));
const megabytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

function elapsed(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m ${seconds % 60}s` : `${seconds}s`;
}
