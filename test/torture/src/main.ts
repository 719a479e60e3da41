// `pnpm torture`: prepares the network, runs the torture in a process of its own, and cleans up behind it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseMemory } from '@pagewire/node';
import type { DriverInput } from './driver-main.js';
import { describeFault } from './faults.js';
import { createNamespaces, hub, namespacesOf, namespacesRefusal, removeLeftovers, removeNamespaces, within } from './network/namespaces.js';
import { readOptions, type TortureOptions, UsageError, usage } from './options.js';
import { formatReport, type TortureReport } from './report.js';
import { drawSchedule } from './schedule.js';
import { memberNames, scheduleMs } from './torture.js';

const driver = fileURLToPath(new URL('./driver-main.js', import.meta.url));
const temporary = 'pagewire-torture-';
const say = (text: string): void => void process.stderr.write(`torture: ${text}\n`);

/** A second Ctrl-C this much later ends everything at once; sooner it is the same one, passed on by a wrapper. */
const samePressMs = 400;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), crypto.getRandomValues(new Uint32Array(1))[0] ?? 1);
  if (options === 'help') {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const programs = countPrograms(options);
  if (options.dryRun) return printSchedule(options, programs);
  removeOldFolders();
  const { all } = memberNames(options.nodes, programs);
  const reason = await networkReason(options);
  const owner = reason === '' ? process.pid : undefined;
  const folder = mkdtempSync(join(tmpdir(), `${temporary}${process.pid}-`));
  const interrupted = listenForStop();
  try {
    if (owner !== undefined) await createNamespaces(owner, all);
    const logs = options.logs === undefined ? undefined : resolve(options.logs);
    if (logs !== undefined) mkdirSync(logs, { recursive: true });
    const report = await drive({ options: { ...options, logs }, owner, networkReason: reason, programs }, folder, interrupted);
    if (owner !== undefined) await removeNamespaces(owner);
    return conclude(report, { options, folder, owner, interrupted });
  } finally {
    if (owner !== undefined) await removeNamespaces(owner);
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Interruption {
  signal: NodeJS.Signals | undefined;
  child: ChildProcess | undefined;
}

const signalCodes: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

function listenForStop(): Interruption {
  const state: Interruption = { signal: undefined, child: undefined };
  let askedMs = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (state.signal === undefined) {
        state.signal = signal;
        askedMs = performance.now();
        say('stopping; again ends it at once');
        if (state.child?.connected) state.child.send('stop');
      } else if (performance.now() - askedMs > samePressMs) {
        state.child?.kill('SIGKILL');
      }
    });
  }
  return state;
}

/** Runs the driver to its end; undefined when it ended without a report. */
async function drive(input: DriverInput, folder: string, interruption: Interruption): Promise<TortureReport | undefined> {
  const before = input.owner === undefined ? [] : within(input.owner, hub);
  const [file = process.execPath, ...rest] = [...before, process.execPath, driver, JSON.stringify(input)];
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(file, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env });
  interruption.child = child;
  let report: TortureReport | undefined;
  // The driver sends nothing else.
  child.on('message', (message) => {
    report = message as TortureReport;
  });
  if (interruption.signal !== undefined) child.send('stop');
  const [code, signal] = await once(child, 'exit');
  if (report === undefined) say(`the run ended with ${code ?? signal} before it could report`);
  return report;
}

interface Surroundings {
  readonly options: TortureOptions;
  readonly folder: string;
  readonly owner: number | undefined;
  readonly interrupted: Interruption;
}

/** What only shows when the run is gone, then the report and the exit code. */
function conclude(report: TortureReport | undefined, { options, folder, owner, interrupted }: Surroundings): number {
  const stopped = interrupted.signal === undefined ? undefined : (signalCodes[interrupted.signal] ?? 1);
  if (report === undefined) return stopped ?? 1;
  const left = [
    ...(owner === undefined ? [] : namespacesOf(owner).map((name) => `network namespace ${name} is left`)),
    ...readdirSync(folder).map((name) => `temporary file ${name} is left`),
  ];
  report.findings.push(...left);
  if (left.length > 0) report.ok = false;
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  process.stderr.write(`${formatReport(report)}\n`);
  return stopped ?? (report.ok ? 0 : 1);
}

/** Why the network is not made of namespaces; empty when it is. */
async function networkReason({ network, install }: TortureOptions): Promise<string> {
  if (network === 'proxy') return 'it was asked for';
  const removed = process.platform === 'linux' && process.getuid?.() === 0 ? await removeLeftovers() : 0;
  if (removed > 0) say(`removed ${removed} network namespaces that a dead run had left`);
  const refusal = await namespacesRefusal({ install: install || network === 'namespaces' }, say);
  if (refusal === undefined) return '';
  if (network === 'namespaces') throw new UsageError(`--network namespaces: ${refusal}`);
  say(`proxies on loopback instead of network namespaces, because ${refusal}`);
  return refusal;
}

function countPrograms({ programs, memory }: TortureOptions): number {
  if (memory === 'software' || programs === 0) return 0;
  const { kind, reason } = chooseMemory('auto');
  if (kind === 'mapped') return programs;
  if (memory === 'mapped') throw new UsageError(`--memory mapped: ${reason}`);
  say(`no mapped programs, because ${reason}`);
  return 0;
}

function printSchedule({ seed, minutes, leaseMs, kinds, nodes: count }: TortureOptions, programCount: number): number {
  const { nodes, programs } = memberNames(count, programCount);
  for (const fault of drawSchedule({ seed, durationMs: scheduleMs(minutes), leaseMs, kinds, nodes, programs })) {
    process.stdout.write(`#${fault.number} at ${fault.atMs} ms ${fault.kind}: ${describeFault(fault)}\n`);
  }
  return 0;
}

function removeOldFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${temporary}(\\d+)-`).exec(name)?.[1];
    if (owner !== undefined && !runs(Number(owner))) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  say(error.message);
  process.exitCode = 2;
}
