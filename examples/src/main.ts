import { parseCommandLine, UsageError } from './command-line.js';
import { formatReport, reportOf } from './report.js';
import { runTeams } from './run-teams.js';
import { NoMappedMemory } from './team/run-on-processes.js';

const exitCodes = { ok: 0, failed: 1, usage: 2, noMappedMemory: 3 } as const;

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
  const colours = !request.json && process.stdout.isTTY === true && !process.env['NO_COLOR'];
  const report = reportOf(request.example, request, await runTeams(request, { colours, say }));
  out(request.json ? JSON.stringify(report) : formatReport(report));
  return report.ok ? exitCodes.ok : exitCodes.failed;
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
