import { fstatSync } from 'node:fs';
import { describeFailure } from './failure.js';
import { runCommandLine } from './program.js';
import { aborted, StopRequests } from './stop.js';
import { Terminal } from './terminal.js';

const { env, stdout, stderr } = process;
const terminal = new Terminal({ stdout, stderr, env, oneReader: haveOneReader() });
const debug = env['PAGEWIRE_DEBUG'] === '1';
process.on('uncaughtException', (error) => {
  terminal.live('');
  const failure = describeFailure(error, 'pagewire', debug);
  terminal.say(failure.text);
  process.exit(failure.exitCode);
});
let stop: StopRequests | undefined;
const code = await runCommandLine(process.argv.slice(2), {
  terminal,
  debug,
  context: ({ parentIpc }) => {
    stop = new StopRequests({ parentHandlesTerminal: parentIpc });
    return { terminal, debug, supervised: parentIpc, stop };
  },
});
// Both streams must be empty before `exit`, which drops what they still hold; and `exit` is needed where an orderly close was given up.
stdout.write('', () => stderr.write('', () => process.exit(code)));
// A reader that does not read must not hold up who asked for the end.
if (stop !== undefined) void aborted(stop.asked).then(() => setTimeout(() => process.exit(code), 1000));

/** Do standard output and standard error go to one pipe? */
function haveOneReader(): boolean {
  try {
    const [out, err] = [fstatSync(1), fstatSync(2)];
    return out.dev === err.dev && out.ino === err.ino;
  } catch {
    // One of them is closed.
    return false;
  }
}
