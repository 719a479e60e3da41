import type { Command } from 'commander';
import { diagnose } from '../doctor/diagnosis.js';
import { examine } from '../doctor/examine.js';
import { showDiagnosis } from '../doctor/show-diagnosis.js';
import { exitCodes } from '../failure.js';
import type { Action } from './command-context.js';

export interface DoctorOptions {
  readonly json: boolean;
}

export function defineDoctor(program: Command, act: (options: DoctorOptions) => Promise<void>): Command {
  return program
    .command('doctor')
    .summary('show what this machine can do, and why')
    .description('Shows what this machine can do, which memory a node gets here and why, and what would give it a better one.')
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      `
The JSON object has the keys ok, node, machine, userfaultfd, privileges, seccomp, limits and memory; what is not known is null.
The exit code is 0 where pagewire can run, be it with software memory, and 1 where it cannot.

Examples:
  pagewire doctor
  pagewire doctor --json | jq -r .memory.mode`,
    )
    .action(act);
}

export const runDoctor: Action<DoctorOptions> = async ({ json }, { terminal }) => {
  const diagnosis = diagnose(examine());
  terminal.out(json ? JSON.stringify(diagnosis) : showDiagnosis(diagnosis, terminal.outColors));
  return diagnosis.ok ? exitCodes.ok : exitCodes.failed;
};
