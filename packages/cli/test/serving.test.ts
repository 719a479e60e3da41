import { afterEach, describe, expect, it } from 'vitest';
import type { CommandContext } from '../src/commands/command-context.js';
import { serveUntilStopped } from '../src/commands/serving.js';
import { StopRequests } from '../src/stop.js';
import { recordedTerminal } from './recorded-terminal.js';

const stops: StopRequests[] = [];

function context(now?: () => number): CommandContext & { readonly said: () => string } {
  const stop = new StopRequests(now === undefined ? {} : { now });
  stops.push(stop);
  const { terminal, written } = recordedTerminal();
  return { terminal, stop, supervised: false, debug: false, said: () => written.err };
}

afterEach(() => {
  for (const stop of stops.splice(0)) stop.dispose();
});

const sigterm = { kind: 'signal', signal: 'SIGTERM' } as const;

describe('a serving command', () => {
  it('serves until it is asked to stop, closes, and that is success', async () => {
    const ctx = context();
    let closed = 0;
    const end = serveUntilStopped({ close: async () => void closed++ }, ctx);
    expect(closed).toBe(0);
    ctx.stop.ask(sigterm);
    expect([await end, closed]).toEqual([0, 1]);
  });

  it('does not wait for a close that hangs once the user insists', async () => {
    let now = 0;
    const ctx = context(() => now);
    const end = serveUntilStopped({ close: () => new Promise(() => undefined) }, ctx);
    ctx.stop.ask(sigterm);
    now = 1000;
    ctx.stop.ask(sigterm);
    expect([await end, ctx.said()]).toEqual([1, 'ended without waiting for an orderly close\n']);
  });

  it('that breaks fails with the reason', async () => {
    const broken = new AbortController();
    const end = serveUntilStopped({ close: async () => undefined }, context(), broken.signal);
    broken.abort(new Error('two owners'));
    await expect(end).rejects.toThrow('two owners');
  });

  it('whose close fails says so', async () => {
    const ctx = context();
    const end = serveUntilStopped({ close: () => Promise.reject(new Error('no goodbye')) }, ctx);
    ctx.stop.ask(sigterm);
    await expect(end).rejects.toThrow('no goodbye');
  });
});
