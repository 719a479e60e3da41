import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chooseMemory, PagewireError } from '@pagewire/node';
import type { Job } from '../job.js';
import type { Outcome } from '../outcome.js';
import { OutcomeReader } from './outcome-lines.js';

/** This machine cannot make a process's plain loads and stores wait for pages of another one. */
export class NoMappedMemory extends Error {
  override readonly name = 'NoMappedMemory';
}

// The same paths from src and from dist.
const pagewire = fileURLToPath(new URL('../../../packages/cli/bin/pagewire.mjs', import.meta.url));
const member = fileURLToPath(new URL('./cluster-member.js', import.meta.url));

/**
 * Runs a job on `size` processes, the nodes of a cluster of their own, by `pagewire run`. Rejects with NoMappedMemory where there cannot be one,
 * and when a process fails; what processes say goes to standard error. The outcome comes through a pipe, so that nothing is left behind
 * however this process ends.
 */
export async function runOnProcesses(job: Job, size: number, choose: typeof chooseMemory = chooseMemory): Promise<Outcome> {
  insistOnMappedMemory(choose);
  const args = ['run', '--nodes', String(size), '--memory', 'mapped', member, JSON.stringify(job)];
  // Over the IPC channel the command learns of the end of this process, and ends its own.
  const child = spawn(process.execPath, [pagewire, ...args], { stdio: ['ignore', 'pipe', process.stderr, 'ipc'] });
  const reader = new OutcomeReader((line) => process.stderr.write(`${line}\n`));
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => reader.read(line));
  // Not before all of its output was read.
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${job.example}: pagewire run ended with ${code ?? signal}; what its programs said is above`);
  if (reader.outcome === undefined) throw new Error(`the processes of "${job.example}" ended without an outcome`);
  return reader.outcome;
}

/** Throws NoMappedMemory, with the reason and what there is instead. */
export function insistOnMappedMemory(choose: typeof chooseMemory = chooseMemory): void {
  try {
    choose('mapped');
  } catch (error) {
    if (!(error instanceof PagewireError) || error.code !== 'unsupported') throw error;
    throw new NoMappedMemory(`${error.message}. \`pnpm pagewire doctor\` says more; --on threads runs without it`, { cause: error });
  }
}
