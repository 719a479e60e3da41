import { describeFailure } from './failure.js';
import { runCommandLine } from './program.js';
import { StopRequests } from './stop.js';
import { Terminal } from './terminal.js';

// A reader that goes away (`pagewire status | head`, a supervisor that was killed) ends output, not the process that still has a cluster
// to take down.
process.stdout.on('error', ignoreBrokenPipe);
process.stderr.on('error', ignoreBrokenPipe);

const { env, stdout, stderr } = process;
const terminal = new Terminal({ stdout, stderr, env });
const debug = env['PAGEWIRE_DEBUG'] === '1';
process.on('uncaughtException', (error) => {
  terminal.live('');
  const failure = describeFailure(error, 'pagewire', debug);
  terminal.say(failure.text);
  process.exit(failure.exitCode);
});
const code = await runCommandLine(process.argv.slice(2), {
  terminal,
  debug,
  context: ({ parentIpc }) => ({ terminal, debug, supervised: parentIpc, stop: new StopRequests({ parentHandlesTerminal: parentIpc }) }),
});
// Both streams must be empty before `exit`, which drops what they still hold; and `exit` is needed where an orderly close was given up.
stdout.write('', () => stderr.write('', () => process.exit(code)));

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
