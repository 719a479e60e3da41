import { afterEach, describe, expect, it } from 'vitest';
import { aborted, StopRequests, unlessStopped } from '../src/stop.js';

let open: StopRequests | undefined;

function listen(options: ConstructorParameters<typeof StopRequests>[0] = {}): StopRequests {
  open = new StopRequests(options);
  return open;
}

afterEach(() => open?.dispose());

describe('requests to stop', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s asks for an orderly end that exits with %d', async (signal, exitCode) => {
    const stop = listen();
    process.emit(signal, signal);
    await aborted(stop.asked);
    expect([stop.exitCode, stop.insisted.aborted]).toEqual([exitCode, false]);
  });

  it('copies of one Ctrl-C are one request', () => {
    let now = 1000;
    const stop = listen({ now: () => now });
    process.emit('SIGINT', 'SIGINT');
    now += 100;
    process.emit('SIGINT', 'SIGINT');
    expect([stop.asked.aborted, stop.insisted.aborted]).toEqual([true, false]);
  });

  it('a later Ctrl-C insists', () => {
    let now = 1000;
    const stop = listen({ now: () => now });
    process.emit('SIGINT', 'SIGINT');
    now += 1000;
    process.emit('SIGINT', 'SIGINT');
    expect(stop.insisted.aborted).toBe(true);
  });

  it('under a parent that handles the terminal, Ctrl-C and a hang-up are ignored and SIGTERM is not', () => {
    const stop = listen({ parentHandlesTerminal: true });
    process.emit('SIGINT', 'SIGINT');
    process.emit('SIGHUP', 'SIGHUP');
    expect(stop.asked.aborted).toBe(false);
    process.emit('SIGTERM', 'SIGTERM');
    expect(stop.asked.aborted).toBe(true);
  });

  it('the end of the parent asks for an end without an exit code of a signal', () => {
    const stop = listen();
    stop.ask({ kind: 'parent-gone' });
    expect([stop.asked.aborted, stop.exitCode]).toEqual([true, 0]);
  });

  it('nothing listens after dispose', () => {
    const before = process.listenerCount('SIGTERM');
    const stop = listen();
    stop.dispose();
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });
});

describe('work that may be given up', () => {
  const never = new Promise<string>(() => {});

  it('ends as it does by itself while nobody asks for a stop', async () => {
    expect(await unlessStopped(Promise.resolve('done'), listen())).toBe('done');
    await expect(unlessStopped(Promise.reject(new Error('refused')), listen())).rejects.toThrow('refused');
  });

  it('is not waited for once a stop is asked for', async () => {
    const stop = listen();
    const work = unlessStopped(never, stop);
    stop.ask({ kind: 'signal', signal: 'SIGINT' });
    await expect(work).rejects.toMatchObject({ name: 'CommandError', exitCode: 130 });
  });

  it('fails where no signal but the death of the parent asked', async () => {
    const stop = listen();
    stop.ask({ kind: 'parent-gone' });
    await expect(unlessStopped(never, stop)).rejects.toMatchObject({ exitCode: 1 });
  });
});
