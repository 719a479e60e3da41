import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Job, Verdict } from './check.js';

/**
 * Does a job in a process of its own, with `mutant` in the sources, which says its verdict over IPC: a bug may hang a process or bring it down. The process
 * leads a group, and all of the group is ended with it.
 */
export function childRun({ program, order, limitMs }: Job, mutant: string | undefined, signal: AbortSignal): Promise<Verdict> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [fileURLToPath(new URL(`./${program}.js`, import.meta.url)), JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
    env: { ...withoutVitest(process.env), PAGEWIRE_MUTANT: mutant ?? '', NO_COLOR: '1' },
  });
  return new Promise((resolve, reject) => {
    let verdict: Verdict | undefined;
    let stderr = '';
    child.stderr?.on('data', (text) => {
      stderr = (stderr + String(text)).slice(-2000);
    });
    const killGroup = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group has ended by itself.
      }
    };
    const limit = setTimeout(() => {
      verdict ??= { kind: 'failed', by: `it hung: no end after ${Math.round(limitMs / 1000)} s` };
      killGroup();
    }, limitMs);
    signal.addEventListener('abort', killGroup);
    // What the program sends is the verdict, once.
    child.once('message', (message) => {
      verdict = message as Verdict;
    });
    child.once('error', reject);
    child.once('close', (code, by) => {
      clearTimeout(limit);
      signal.removeEventListener('abort', killGroup);
      killGroup();
      if (signal.aborted) reject(signal.reason);
      else resolve(verdict ?? { kind: 'broken', why: `${program} ended without a verdict (${by ?? code}): ${lastLine(stderr)}` });
    });
  });
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

/** A run inside of a test must not take itself for a part of it. */
function withoutVitest(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('VITEST') && name !== 'NODE_OPTIONS'));
}
