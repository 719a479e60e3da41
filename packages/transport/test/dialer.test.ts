import { PagewireError } from '@pagewire/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Channel, type ChannelEvents, deafEvents } from '../src/channel.js';
import { dialWith } from '../src/dialer.js';
import { linkDefaults } from '../src/link-defaults.js';
import { encodeWelcome } from '../src/wire.js';
import { Witness } from './rigs.js';

/** A connection that is never made, unless the test says so. */
class Unmade implements Channel {
  readonly transport = 'memory';
  readonly remote = 'nobody';
  readonly bufferedBytes = 0;
  readonly receivedBytes = 0;
  events: ChannelEvents = deafEvents;
  send(): void {}
  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

describe('a dialer whose connection cannot even be started', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate'] }));
  afterEach(() => void vi.useRealTimers());

  const url = 'ws://127.0.0.1:7070';

  it.each([
    ['unreachable', 'any other error', new TypeError('no such thing')],
    ['bad-argument', 'an error with a code', new PagewireError('bad-argument', 'no such thing')],
  ])('ends its link as %s on %s, and leaves no timer behind', (code, _what, error) => {
    const witness = new Witness();
    const open = (): Channel => {
      throw error;
    };
    const link = dialWith({ url, attributes: {}, handlers: witness.handlers }, linkDefaults, 'ws', open);
    expect([link.state, witness.ends]).toEqual(['closed', []]);
    vi.runAllTimers();
    expect(witness.ends).toEqual([{ code, reason: expect.stringContaining('no such thing') }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends its link when that happens on dialing again', () => {
    const witness = new Witness();
    const first = new Unmade();
    const opens = [
      (): Channel => first,
      (): Channel => {
        throw new TypeError('no such thing');
      },
    ];
    const link = dialWith({ url, attributes: {}, handlers: witness.handlers }, linkDefaults, 'ws', (events) => {
      first.events = events;
      const open = opens.shift();
      return open === undefined ? new Unmade() : open();
    });
    first.events.message(encodeWelcome({ resumed: false, received: 0, attributes: {} }));
    expect(link.state).toBe('open');
    first.events.closed({ reason: 'cut', violation: false });
    vi.advanceTimersByTime(1000);
    expect(witness.ends).toEqual([{ code: 'unreachable', reason: expect.stringContaining('no such thing') }]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
