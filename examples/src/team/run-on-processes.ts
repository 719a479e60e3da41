import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseMemory, PagewireError } from '@pagewire/node';
import type { Job } from '../job.js';
import type { Outcome } from '../outcome.js';

/** This machine cannot make a process's plain loads and stores wait for pages of another one. */
export class NoMappedMemory extends Error {
  override readonly name = 'NoMappedMemory';
}

// The same paths from src and from dist.
const pagewire = fileURLToPath(new URL('../../../packages/cli/bin/pagewire.mjs', import.meta.url));
const member = fileURLToPath(new URL('./cluster-member.js', import.meta.url));

/**
 * Runs a job on `size` processes, the nodes of a cluster of their own, by `pagewire run`. Rejects with NoMappedMemory where there cannot be one,
 * and when a process fails; what processes say goes to standard error.
 */
export async function runOnProcesses(job: Job, size: number, choose: typeof chooseMemory = chooseMemory): Promise<Outcome> {
  insistOnMappedMemory(choose);
  const folder = mkdtempSync(join(tmpdir(), 'pagewire-example-'));
  try {
    const outcomeFile = join(folder, 'outcome.json');
    const args = ['run', '--nodes', String(size), '--memory', 'mapped', member, JSON.stringify(job), outcomeFile];
    // Over the IPC channel the command learns of the end of this process, and ends its own.
    const child = spawn(process.execPath, [pagewire, ...args], { stdio: ['ignore', process.stderr, process.stderr, 'ipc'] });
    const [code, signal] = await once(child, 'exit');
    if (code !== 0) throw new Error(`${job.example}: pagewire run ended with ${code ?? signal}; what its programs said is above`);
    // Member 0 has written it, and ended well.
    return JSON.parse(readFileSync(outcomeFile, 'utf8')) as Outcome;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function insistOnMappedMemory(choose: typeof chooseMemory): void {
  try {
    choose('mapped');
  } catch (error) {
    if (!(error instanceof PagewireError) || error.code !== 'unsupported') throw error;
    throw new NoMappedMemory(`${error.message}. \`pnpm pagewire doctor\` says more; --on threads runs without it`, { cause: error });
  }
}
