import fc from 'fast-check';
import { expect, it } from 'vitest';
import { commandLines } from '../../../test/fuzz/command-lines.js';
import { fuzzed } from '../../../test/fuzz/fuzzing.js';
import { StrayErrors } from '../../../test/fuzz/stray-errors.js';
import type { CommandContext } from '../src/commands/command-context.js';
import { type Actions, actions, runCommandLine } from '../src/program.js';
import { StopRequests } from '../src/stop.js';
import { recordedTerminal } from './recorded-terminal.js';

const file = 'packages/cli/test/command-line-fuzz.test.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly acted: number;
}

/** Runs a command line whose commands are asked to stop before they begin; those that are replaced only count as having run. */
async function run(args: readonly string[], act: Actions): Promise<Ran> {
  const { terminal, written } = recordedTerminal();
  let acted = 0;
  const stops: StopRequests[] = [];
  const context = ({ parentIpc }: { readonly parentIpc: boolean }): CommandContext => {
    acted += 1;
    const stop = new StopRequests({ parentHandlesTerminal: parentIpc });
    // A command does not stay alive for its parent's sake; the process of this test has to.
    process.channel?.ref();
    stops.push(stop);
    stop.ask({ kind: 'signal', signal: 'SIGTERM' });
    return { terminal, stop, debug: false, supervised: parentIpc };
  };
  try {
    const code = await runCommandLine(args, { terminal, debug: false, context, actions: act });
    return { code, out: written.out, err: written.err, acted };
  } finally {
    for (const stop of stops) stop.dispose();
  }
}

const nothing = async (): Promise<number> => 0;
const nothings: Actions = {
  up: nothing,
  coordinator: nothing,
  node: nothing,
  load: nothing,
  run: nothing,
  status: nothing,
  doctor: nothing,
  demo: nothing,
};

/** What is wrong with how a command line ended, if anything. */
function fault(args: readonly string[], { code, err, acted }: Ran, codes: readonly number[]): string | undefined {
  if (!codes.includes(code)) return `exit code ${code}`;
  if (/\n\s+at |this is a bug/.test(err)) return `a bug or a stack: ${err}`;
  if (code === 2 && err.trim() === '') return 'no word of what is wrong';
  if (code === 2 && args.length > 0 && acted === 0 && err.trimEnd().includes('\n')) return `more than one line: ${err}`;
  return undefined;
}

it('any command line is run or refused with one line and exit code 2', async () => {
  using stray = new StrayErrors();
  const runCase = async (args: string[]): Promise<void> => {
    const ran = await run(args, nothings);
    expect(fault(args, ran, ran.acted === 0 ? [0, 2] : [0])).toBeUndefined();
    await stray.check();
  };
  await fc.assert(fc.asyncProperty(commandLines, runCase), fuzzed({ file, runs: 1000, hangMs: 5000 }));
});

it('commands that are asked to stop as they begin end with 0, 1, 2 or the code of the signal, and leave nothing behind', async () => {
  using stray = new StrayErrors();
  const inProcess: Actions = { ...actions, up: nothing, load: nothing, run: nothing, demo: nothing };
  const runCase = async (args: string[]): Promise<void> => {
    const ran = await run(args, inProcess);
    expect(fault(args, ran, [0, 1, 2, 128 + 15])).toBeUndefined();
    await stray.check();
  };
  const quick = commandLines.filter((args) => !args.includes('--help'));
  await fc.assert(fc.asyncProperty(quick, runCase), fuzzed({ file, runs: 60, hangMs: 15_000, shrink: false }));
});
