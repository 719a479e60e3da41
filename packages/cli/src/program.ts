import { createRequire } from 'node:module';
import { showValue } from '@pagewire/protocol';
import { Command, CommanderError } from 'commander';
import type { CommandContext } from './commands/command-context.js';
import { defineCoordinator, runCoordinator } from './commands/coordinator.js';
import { defineDemo, runDemo } from './commands/demo.js';
import { defineDoctor, runDoctor } from './commands/doctor.js';
import { defineLoad, runLoadCommand } from './commands/load.js';
import { defineNode, runNode } from './commands/node.js';
import { defineRun, runProgram } from './commands/run.js';
import { defineStatus, runStatus } from './commands/status.js';
import { defineUp, runUp } from './commands/up.js';
import { describeFailure, exitCodes } from './failure.js';
import type { Terminal } from './terminal.js';

/** What each command does; tests put their own in. */
export const actions = {
  up: runUp,
  coordinator: runCoordinator,
  node: runNode,
  load: runLoadCommand,
  run: runProgram,
  status: runStatus,
  doctor: runDoctor,
  demo: runDemo,
} as const;
export type Actions = typeof actions;

export interface RunOptions {
  readonly terminal: Terminal;
  /** Show where a bug happened. */
  readonly debug: boolean;
  /** Makes the context when a command is about to run: help and usage errors need none. */
  readonly context: (flags: { readonly parentIpc: boolean }) => CommandContext;
  readonly actions?: Actions;
}

/** Runs one command line, without the program's name, to its end. Never throws: resolves with the exit code. */
export async function runCommandLine(
  args: readonly string[],
  { terminal, debug, context, actions: act = actions }: RunOptions,
): Promise<number> {
  const program = new Command('pagewire');
  let current = 'pagewire';
  let exitCode: number = exitCodes.ok;
  const perform =
    <Options>(action: (options: Options, context: CommandContext) => Promise<number>) =>
    async (options: Options & { readonly parentIpc?: boolean }): Promise<void> => {
      exitCode = await action(options, context({ parentIpc: options.parentIpc === true }));
    };
  configure(program, terminal);
  defineUp(program, perform(act.up));
  defineCoordinator(program, perform(act.coordinator));
  defineNode(program, perform(act.node));
  defineLoad(program, perform(act.load));
  defineRun(program, perform(act.run));
  defineStatus(program, perform(act.status));
  defineDoctor(program, perform(act.doctor));
  defineDemo(program, perform(act.demo));
  for (const command of program.commands) reportUsageErrors(command, `pagewire ${command.name()}`, terminal);
  program.hook('preAction', (_, command) => {
    current = `pagewire ${command.name()}`;
  });
  if (args.length === 0) {
    terminal.say(program.helpInformation());
    return exitCodes.usage;
  }
  const [first, ...rest] = args;
  const topic = rest.find((arg) => arg !== '-h' && arg !== '--help');
  if (first === 'help' && topic !== undefined && !isTopic(program, topic)) {
    terminal.say(`pagewire help: unknown command ${showValue(topic)}; see pagewire --help`);
    return exitCodes.usage;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const failure = describeFailure(error, current, debug);
    terminal.live('');
    terminal.say(failure.text);
    return failure.exitCode;
  }
}

/** Asked for anything else, commander would print the whole help and not say why. */
const isTopic = (program: Command, topic: string): boolean =>
  topic === 'help' || program.commands.some((command) => command.name() === topic);

function configure(program: Command, terminal: Terminal): void {
  // Inherited by the commands defined later.
  program
    .description('Distributed shared memory for Node.js: a SharedArrayBuffer that spans machines.')
    .usage('<command> [options]')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    // What each takes is in its own help; here it would push the summaries out of sight.
    .configureHelp({ subcommandTerm: (command) => command.name() })
    // An option after a command's name is the command's.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.say(text.trimEnd()),
    })
    .addHelpText(
      'after',
      `
Sizes are written 4096, 4KiB, 64M or 1GiB; durations 500ms, 10s or 2m. With --json results are one JSON object on stdout and
everything else goes to stderr. NO_COLOR switches colours off.

Examples:
  pagewire up --nodes 3                                     start a cluster on this machine
  pagewire load --target ws://127.0.0.1:7071 --workload b   drive it and verify what it answers
  pagewire status --coordinator ws://127.0.0.1:7070         see who holds what
  pagewire run -n 4 program.js                              run a program on a cluster of its own
  pagewire doctor                                           see which memory this machine gives, and why`,
    );
  reportUsageErrors(program, 'pagewire', terminal);
}

/** One line for a usage error: what is wrong, what may have been meant, and where help is. */
function reportUsageErrors(command: Command, name: string, terminal: Terminal): void {
  command.configureOutput({
    outputError: (text) => {
      const what = text
        .trim()
        .replace(/^error: /, '')
        .replace(/\n\(Did you mean (.+)\?\)$/, ' (did you mean $1?)')
        .replace(/\s*\n\s*/g, ' ')
        .replace(/\.$/, '');
      terminal.say(`${name}: ${what}; see ${name} --help`);
    },
  });
}

function packageVersion(): string {
  // The same path from src and from dist. The file is this package's own.
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  return version;
}
