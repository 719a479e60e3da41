import { startCoordinator } from '@pagewire/coordinator';
import { leaseMarginMs, limits } from '@pagewire/protocol';
import { type Command, Option } from 'commander';
import { showLogLine } from '../log-line.js';
import { formatDuration, formatSize } from '../options/units.js';
import { type Address, address, duration, size } from '../options/values.js';
import type { CoordinatorReady } from '../processes/ready-line.js';
import type { Action } from './command-context.js';
import { warnIfInsecure } from './insecure-warning.js';
import { serveUntilStopped } from './serving.js';

export interface CoordinatorOptions {
  readonly listen: Address;
  /** Bytes of page content that the coordinator may hold. */
  readonly storeBytes: number;
  readonly lease: number;
  readonly insecure: boolean;
  readonly json: boolean;
}

const defaultStoreBytes = 1024 ** 3;

export function defineCoordinator(program: Command, act: (options: CoordinatorOptions) => Promise<void>): Command {
  return program
    .command('coordinator')
    .summary('run the coordinator of a cluster')
    .description('Runs the coordinator: the directory of who holds which page, membership by lease, and region records.')
    .requiredOption('--listen <host:port>', 'where nodes reach it, by ws:// and grpc:// alike; port 0 picks a free one', address)
    .addOption(
      new Option('--store-bytes <size>', 'memory for the bytes of pages that no node holds exclusively')
        .argParser(size({ min: 1024 ** 2 }))
        .default(defaultStoreBytes, formatSize(defaultStoreBytes)),
    )
    .addOption(
      new Option('--lease <duration>', 'a node that stays silent this long is declared lost')
        .argParser(duration({ min: 2 * limits.leaseMarginMs, max: 600_000 }))
        .default(limits.leaseMs, formatDuration(limits.leaseMs)),
    )
    .option('--insecure', 'allow listening beyond loopback: anyone who reaches the port has full access, unencrypted', false)
    .option('--json', 'print one line of JSON when ready', false)
    .addOption(new Option('--parent-ipc').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  pagewire coordinator --listen 127.0.0.1:7070
  pagewire coordinator --listen 0.0.0.0:7070 --insecure --store-bytes 4GiB`,
    )
    .action(act);
}

export const runCoordinator: Action<CoordinatorOptions> = async (options, context) => {
  warnIfInsecure(options.listen.host, options.insecure, context);
  const { terminal, debug } = context;
  const bug = new AbortController();
  const coordinator = await startCoordinator({
    host: options.listen.host,
    port: options.listen.port,
    insecure: options.insecure,
    leaseMs: options.lease,
    // Three renewals fit between the start of a lease and the moment its node gives up, so that one may come late.
    renewEveryMs: Math.min(limits.renewEveryMs, Math.floor((options.lease - leaseMarginMs(options.lease)) / 3)),
    storeBytes: options.storeBytes,
    log: (line) => {
      if (line.level !== 'debug' || debug) terminal.say(showLogLine(line));
    },
    onFatal: (error) => bug.abort(error),
  });
  const ready: CoordinatorReady = {
    ready: true,
    role: 'coordinator',
    url: coordinator.url('ws'),
    urls: [coordinator.url('ws'), coordinator.url('grpc')],
    host: coordinator.host,
    port: coordinator.port,
    pid: process.pid,
  };
  terminal.out(options.json ? JSON.stringify(ready) : `coordinator ready at ${ready.urls.join(' and ')}`);
  return serveUntilStopped(coordinator, context, bug.signal);
};
