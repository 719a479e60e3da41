import { type Place, parseCommandLine, type Request, UsageError } from './command-line.js';
import type { Job } from './job.js';
import { formatReport, reportOf, type TeamRun } from './report.js';
import { NoMappedMemory, runOnProcesses } from './team/run-on-processes.js';
import { runOnThreads } from './team/run-on-threads.js';

const exitCodes = { ok: 0, failed: 1, usage: 2, noMappedMemory: 3 } as const;

const run: Readonly<Record<Place, typeof runOnThreads>> = { threads: runOnThreads, processes: runOnProcesses };

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const out = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Runs one example. Resolves with the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const request = parseCommandLine(args);
  if ('help' in request) {
    out(request.help);
    return exitCodes.ok;
  }
  const report = reportOf(request.example, request, await teamsOf(request));
  out(request.json ? JSON.stringify(report) : formatReport(report));
  return report.ok ? exitCodes.ok : exitCodes.failed;
}

async function teamsOf({ example, places, members, settings, repetitions, png, json }: Request): Promise<TeamRun[]> {
  const colours = !json && process.stdout.isTTY === true && !process.env['NO_COLOR'];
  const job: Job = { example: example.name, settings, repetitions, png, colours };
  const teams: TeamRun[] = [];
  for (const place of places) {
    say(`${example.name}: on ${members[place]} ${place} …`);
    teams.push({ on: place, members: members[place], outcome: await run[place](job, members[place]) });
  }
  return teams;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  return error instanceof NoMappedMemory ? exitCodes.noMappedMemory : exitCodes.failed;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(`example: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = exitCodeOf(error);
}
