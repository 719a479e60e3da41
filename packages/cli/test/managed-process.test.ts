import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { describeExit, ManagedProcess } from '../src/processes/managed-process.js';

const never = new AbortController().signal;
const started: ManagedProcess[] = [];

function start(name: string, onLog: (line: string) => void = () => undefined): ManagedProcess {
  const program = fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));
  const child = new ManagedProcess({ label: 'n1', program, args: [], onLog });
  started.push(child);
  return child;
}

afterEach(async () => {
  for (const child of started) child.kill();
  await Promise.all(started.splice(0).map((child) => child.exited));
});

describe('a managed process', () => {
  it('is ready when it has written its line', async () => {
    const child = start('obedient');
    await expect(child.ready).resolves.toEqual({ ready: true, pid: child.pid });
  });

  it('that ends before it is ready fails with the last thing it said', async () => {
    await expect(start('failing').ready).rejects.toThrow('n1 did not start: no cluster there (unreachable)');
  });

  it('that cannot be started at all fails too', async () => {
    await expect(start('missing').ready).rejects.toThrow('n1 did not start');
  });

  it('ends in good order when it is stopped, and what it logged is told in order', async () => {
    const log: string[] = [];
    const child = start('obedient', (line) => log.push(line));
    await child.ready;
    expect(await child.stop(10_000, never)).toEqual({ code: 0, signal: null });
    expect(log).toEqual(['before ready', 'leaving']);
    expect(child.alive).toBe(false);
  });

  it('that ignores the request is killed when its grace is over', async () => {
    const child = start('deaf');
    await child.ready;
    expect(await child.stop(50, never)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('that ignores the request is killed at once when the user insists', async () => {
    const insisted = new AbortController();
    const child = start('deaf');
    await child.ready;
    const end = child.stop(600_000, insisted.signal);
    insisted.abort();
    expect(await end).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('that is stopped by the kernel can still be killed', async () => {
    const child = start('obedient');
    await child.ready;
    process.kill(child.pid, 'SIGSTOP');
    expect(await child.stop(50, never)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('says how it ended', () => {
    expect([describeExit({ code: null, signal: 'SIGKILL' }), describeExit({ code: 3, signal: null })]).toEqual([
      'was killed by SIGKILL',
      'ended with exit code 3',
    ]);
  });
});
