import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { runVariables } from '@pagewire/node';
import { limits } from '@pagewire/protocol';
import { type Command, Option } from 'commander';
import { CommandError, exitCodes } from '../failure.js';
import { formatDuration } from '../options/units.js';
import {
  count,
  duration,
  type MemoryChoice,
  memoryChoices,
  oneOf,
  peerUrl,
  type TransportChoice,
  transportChoices,
} from '../options/values.js';
import { describeExit, type Exit } from '../processes/managed-process.js';
import { inheritedEnvironment, inheritedNodeOptions } from '../processes/node-options.js';
import { type ProgramsEvents, RankedPrograms, worstExitCode } from '../processes/ranked-programs.js';
import { aborted } from '../stop.js';
import type { Terminal } from '../terminal.js';
import type { Action, CommandContext } from './command-context.js';
import { rankPrefixes } from './rank-prefixes.js';
import { existingCoordinator, type RunCoordinator, startOwnCoordinator } from './run-coordinator.js';
import { UnclosedRanks } from './unclosed-ranks.js';

export interface RunProgramOptions {
  readonly nodes: number;
  /** Of a cluster that runs already. */
  readonly coordinator?: string;
  readonly transport: TransportChoice;
  readonly memory: MemoryChoice;
  readonly grace: number;
  readonly program: string;
  readonly args: readonly string[];
}

const defaultGraceMs = 5_000;

export function defineRun(program: Command, act: (options: RunProgramOptions) => Promise<void>): Command {
  return (
    program
      .command('run')
      .summary('run a program as N processes, nodes of one cluster')
      .description('Starts N processes of a Node.js program, as mpirun does. Each joins one cluster with joinFromEnv() of @pagewire/node.')
      .argument('<program>', 'the file that Node.js runs')
      .argument('[args...]', 'what the program finds in process.argv')
      // What comes after the program is its own, also where it looks like an option of this command.
      .passThroughOptions()
      .requiredOption('-n, --nodes <n>', 'how many processes', count({ min: 1, max: limits.maxNodes }))
      .option('--coordinator <url>', 'join the cluster of this coordinator; by default one is started and ended with the programs', peerUrl)
      .addOption(
        new Option('--transport <kind>', `how they talk: ${transportChoices.join(', ')}; both mixes them between pairs`)
          .argParser(oneOf(transportChoices))
          .default('ws'),
      )
      .addOption(
        new Option('--memory <mode>', `where pages live: ${memoryChoices.join(', ')}`).argParser(oneOf(memoryChoices)).default('auto'),
      )
      .addOption(
        new Option('--grace <duration>', 'how long a program that is asked to end (SIGTERM) may take before it is killed')
          .argParser(duration({ min: 1, max: 600_000 }))
          .default(defaultGraceMs, formatDuration(defaultGraceMs)),
      )
      .addHelpText(
        'after',
        `
Each line of output stands behind its rank: [0] text. Standard input of the programs is empty. When one fails the others are ended.
The exit code is the highest of those that programs end with by themselves; a signal counts as 128 + its number.

Examples:
  pagewire run -n 4 program.js
  pagewire run -n 3 --memory software --transport both program.js --size 1000
  pagewire run -n 2 --coordinator ws://127.0.0.1:7070 program.js`,
      )
      .action((file: string, args: string[], options: Omit<RunProgramOptions, 'program' | 'args'>) =>
        act({ ...options, program: file, args }),
      )
  );
}

export const runProgram: Action<RunProgramOptions> = async (options, context) => {
  const { terminal, stop, debug } = context;
  const program = programFile(options.program);
  const unclosed = new UnclosedRanks((text) => terminal.say(`pagewire run: ${text}`));
  const onLog = (line: string): void => {
    coordinatorLog(terminal, line, debug);
    unclosed.logged(line);
  };
  void aborted(terminal.readerGone).then(() => {
    if (stop.cause === undefined) stop.ask({ kind: 'signal', signal: 'SIGPIPE' });
  });
  const coordinator =
    options.coordinator === undefined
      ? await startOwnCoordinator(options.transport, onLog, stop)
      : existingCoordinator(options.coordinator);
  try {
    return await runToEnd({ ...options, program }, { coordinator, unclosed }, context);
  } finally {
    await coordinator.stop(stop.insisted);
  }
};

interface RunParts {
  readonly coordinator: RunCoordinator;
  readonly unclosed: UnclosedRanks;
}

async function runToEnd(
  options: RunProgramOptions,
  { coordinator, unclosed }: RunParts,
  { terminal, stop }: CommandContext,
): Promise<number> {
  const { nodes: size, program, args, grace: graceMs } = options;
  const nameOf = nodeNames(options);
  const programs = new RankedPrograms(
    {
      ...{ size, program, args, graceMs },
      execArgv: inheritedNodeOptions(process.execArgv),
      envOf: (rank) => ({
        ...inheritedEnvironment(process.env),
        ...environment(options, { rank, name: nameOf(rank), coordinator: coordinator.urlFor(rank) }),
      }),
    },
    { ...reportTo(terminal, size), ended: (end, others) => unclosed.ended(end, others) },
    stop.insisted,
  );
  const lost: Exit | undefined = await Promise.race([
    Promise.race([programs.ended, aborted(stop.asked)]).then(() => undefined),
    coordinator.ended,
  ]);
  if (lost !== undefined) terminal.say(`pagewire run: the coordinator ${describeExit(lost)}; ending the programs`);
  programs.stop();
  const ends = await programs.ended;
  if (stop.asked.aborted) return stop.exitCode;
  return Math.max(worstExitCode(ends), lost === undefined ? exitCodes.ok : exitCodes.failed);
}

/** The absolute path of the program, so that what is started is what was looked at. */
export function programFile(given: string): string {
  const path = resolve(given);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile()) return path;
  const what = found === undefined ? `there is no file ${path}` : `${path} is not a file`;
  throw new CommandError(`${what}; give the program that Node.js is to run. See pagewire run --help`, exitCodes.usage);
}

/** In a cluster that exists another run may be under way, so that names must differ from run to run. */
function nodeNames({ coordinator }: RunProgramOptions): (rank: number) => string {
  if (coordinator === undefined) return (rank) => `rank-${rank}`;
  const run = randomBytes(4).toString('hex');
  return (rank) => `run-${run}-rank-${rank}`;
}

/** What `joinFromEnv` reads. */
export function environment(
  { nodes, memory, transport }: Pick<RunProgramOptions, 'nodes' | 'memory' | 'transport'>,
  { rank, name, coordinator }: { readonly rank: number; readonly name: string; readonly coordinator: string },
): Record<string, string> {
  return {
    [runVariables.coordinator]: coordinator,
    [runVariables.name]: name,
    [runVariables.rank]: String(rank),
    [runVariables.size]: String(nodes),
    [runVariables.memory]: memory,
    [runVariables.transport]: transport,
  };
}

/** What a launcher of programs has to say about its coordinator: nothing while all is well. */
function coordinatorLog(terminal: Terminal, line: string, debug: boolean): void {
  if (debug || !/^(info|debug) /.test(line)) terminal.say(`${terminal.colors.dim('[coordinator]')} ${line}`);
}

function reportTo(terminal: Terminal, size: number): Omit<ProgramsEvents, 'ended'> {
  const { colors } = terminal;
  const prefixes = { stdout: rankPrefixes(terminal.outColors), stderr: rankPrefixes(colors) };
  return {
    lines: (rank, stream, lines) => {
      const prefix = prefixes[stream](rank);
      // One write for all of them: no line can be parted by another rank's.
      const text = lines.map((line) => `${prefix} ${line}`).join('\n');
      if (stream === 'stdout') terminal.out(text);
      else terminal.say(text);
      return terminal.room(stream);
    },
    failed: ({ rank, pid, exit }) => {
      const others = size === 1 ? '' : '; ending the other ranks';
      terminal.say(
        `pagewire run: ${colors.red(pid === 0 ? `rank ${rank} was not started` : `rank ${rank} (pid ${pid}) ${describeExit(exit)}`)}${others}`,
      );
    },
    killed: (rank) => terminal.say(`pagewire run: rank ${rank} did not end when asked, and is killed`),
  };
}
