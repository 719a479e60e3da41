import { join } from '@pagewire/node';
import { type Command, Option } from 'commander';
import { CommandError } from '../failure.js';
import {
  type Address,
  address,
  type MemoryChoice,
  memoryChoices,
  oneOf,
  peerUrl,
  showAddress,
  type TransportChoice,
  transportChoices,
} from '../options/values.js';
import type { NodeReady } from '../processes/ready-line.js';
import { unlessStopped } from '../stop.js';
import type { Action } from './command-context.js';
import { warnIfInsecure } from './insecure-warning.js';
import { serveUntilStopped } from './serving.js';

export interface NodeOptions {
  readonly coordinator: string;
  readonly name: string;
  readonly listen: Address;
  /** Where peers and clients are told to find it, if not where it listens. */
  readonly advertise?: Address;
  readonly transport: TransportChoice;
  readonly memory: MemoryChoice;
  readonly insecure: boolean;
  readonly json: boolean;
}

export function defineNode(program: Command, act: (options: NodeOptions) => Promise<void>): Command {
  return program
    .command('node')
    .summary('run one node of a cluster')
    .description('Runs one node: it holds pages, resolves faults and serves clients.')
    .requiredOption('--coordinator <url>', 'ws://HOST:PORT or grpc://HOST:PORT of the coordinator', peerUrl)
    .requiredOption('--name <name>', 'the name of this node, unique in its cluster')
    .requiredOption('--listen <host:port>', 'where peers and clients reach it; port 0 picks a free one', address)
    .option('--advertise <host:port>', 'what peers are told instead, where a proxy or port forwarding stands before it', address)
    .addOption(
      new Option('--transport <kind>', `what it offers to peers: ${transportChoices.join(', ')}`)
        .argParser(oneOf(transportChoices))
        .default('both'),
    )
    .addOption(
      new Option('--memory <mode>', `where pages live: ${memoryChoices.join(', ')}`).argParser(oneOf(memoryChoices)).default('auto'),
    )
    .option('--insecure', 'allow listening beyond loopback: anyone who reaches the port has full access, unencrypted', false)
    .option('--json', 'print one line of JSON when ready', false)
    .addOption(new Option('--parent-ipc').hideHelp())
    .addHelpText(
      'after',
      `
With --transport both, the kind that reaches the coordinator is the one it offers to peers first.

Examples:
  pagewire node --coordinator ws://127.0.0.1:7070 --name n1 --listen 127.0.0.1:7071
  pagewire node --coordinator grpc://127.0.0.1:7070 --name n2 --listen 127.0.0.1:0 --transport grpc --json`,
    )
    .action(act);
}

export const runNode: Action<NodeOptions> = async (options, context) => {
  warnIfInsecure(options.listen.host, options.insecure, context);
  const { terminal, stop } = context;
  const joining = join({
    coordinator: options.coordinator,
    name: options.name,
    listen: showAddress(options.listen),
    ...(options.advertise === undefined ? {} : { advertise: showAddress(options.advertise) }),
    transports: offeredTransports(options),
    memory: options.memory,
    insecure: options.insecure,
  });
  const node = await unlessStopped(joining, stop);
  const ready: NodeReady = {
    ready: true,
    role: 'node',
    name: node.name,
    url: node.urls[0] ?? '',
    urls: node.urls,
    port: node.port,
    incarnation: node.incarnation,
    memory: node.memory,
    memoryReason: node.memoryReason,
    pid: process.pid,
  };
  if (options.json) terminal.out(JSON.stringify(ready));
  else terminal.out(`node ${ready.name} ready at ${ready.urls.join(' and ')}; ${ready.memory} memory, because ${ready.memoryReason}`);
  const broken = new AbortController();
  node.onStateChange((state, reason) => {
    if (stop.asked.aborted) return;
    terminal.say(`${node.name} is ${state}: ${reason}`);
    if (state === 'closed') broken.abort(new CommandError(`the node has ended: ${reason}`));
  });
  return serveUntilStopped(node, context, broken.signal);
};

/** Peers take the first one they can, so a cluster whose nodes reach the coordinator by different transports mixes them between pairs too. */
function offeredTransports({ transport, coordinator }: NodeOptions): readonly ('ws' | 'grpc')[] {
  if (transport !== 'both') return [transport];
  return coordinator.startsWith('grpc:') ? ['grpc', 'ws'] : ['ws', 'grpc'];
}
