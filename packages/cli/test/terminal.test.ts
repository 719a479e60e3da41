import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { plainTable } from '../src/tables.js';
import { Terminal } from '../src/terminal.js';
import { recordedTerminal } from './recorded-terminal.js';

const erase = '\r\x1b[2K';

describe('the live line', () => {
  it('is rewritten in place and stays below what is printed meanwhile', () => {
    const { terminal, written } = recordedTerminal({ tty: true });
    terminal.live('10 %');
    terminal.say('n2 ended');
    terminal.live('20 %');
    terminal.live('');
    expect(written.err).toBe(`${erase}10 %${erase}n2 ended\n10 %${erase}20 %${erase}`);
  });

  it('is cut where it would wrap', () => {
    const { terminal, written } = recordedTerminal({ tty: true, columns: 11 });
    terminal.live('0123456789abcdef');
    expect(written.err).toBe(`${erase}012345678…`);
  });

  it('does not exist where stderr is no terminal', () => {
    const { terminal, written } = recordedTerminal();
    terminal.live('10 %');
    expect([terminal.isLive, written.err]).toEqual([false, '']);
  });
});

describe('the reader of output', () => {
  const silent = { write: () => undefined };
  const broken = (code: string): Error => Object.assign(new Error(`write ${code}`), { code });

  /** A stream that nothing was read from since. */
  class Unread extends EventEmitter {
    readonly writableNeedDrain = true;
    readonly written: string[] = [];
    write(text: string): void {
      this.written.push(text);
    }
  }

  it('that keeps up is not waited for', () => {
    const terminal = new Terminal({ stdout: silent, stderr: silent, env: {} });
    expect([terminal.room('stdout'), terminal.room('stderr')]).toEqual([undefined, undefined]);
  });

  it('that is slow is waited for, on its own stream', async () => {
    const stdout = new Unread();
    const terminal = new Terminal({ stdout, stderr: silent, env: {} });
    const room = terminal.room('stdout');
    expect([room, terminal.room('stderr')]).toEqual([expect.any(Promise), undefined]);
    stdout.emit('drain');
    await room;
  });

  it.each(['EPIPE', 'ECONNRESET'])('that goes away (%s) is told of, not waited for, and written to no more', async (code) => {
    const stdout = new Unread();
    const terminal = new Terminal({ stdout, stderr: silent, env: {} });
    const room = terminal.room('stdout');
    stdout.emit('error', broken(code));
    await room;
    terminal.out('more');
    expect([terminal.readerGone.aborted, terminal.room('stdout'), stdout.written]).toEqual([true, undefined, []]);
  });

  it.each([
    [false, 'keeps'],
    [true, 'loses'],
  ])('of standard error alone may go away: with one reader for both (%s) a command %s its reader', (oneReader) => {
    const stderr = new Unread();
    const terminal = new Terminal({ stdout: silent, stderr, env: {}, oneReader });
    stderr.emit('error', broken('EPIPE'));
    expect(terminal.readerGone.aborted).toBe(oneReader);
  });

  it('whose stream fails otherwise is a failure of the command', () => {
    const stdout = new Unread();
    new Terminal({ stdout, stderr: silent, env: {} });
    expect(() => stdout.emit('error', broken('EIO'))).toThrow('EIO');
  });
});

describe('colours', () => {
  it.each([
    ['a terminal has them', { tty: true }, '\x1b[31mx\x1b[39m'],
    ['a pipe has none', { tty: false }, 'x'],
    ['NO_COLOR switches them off', { tty: true, env: { NO_COLOR: '1' } }, 'x'],
    ['an empty NO_COLOR does not', { tty: true, env: { NO_COLOR: '' } }, '\x1b[31mx\x1b[39m'],
    ['FORCE_COLOR switches them on', { tty: false, env: { FORCE_COLOR: '1' } }, '\x1b[31mx\x1b[39m'],
    ['a dumb terminal has none', { tty: true, env: { TERM: 'dumb' } }, 'x'],
  ])('%s', (_, options, text) => {
    expect(recordedTerminal(options).terminal.colors.red('x')).toBe(text);
  });
});

describe('a table', () => {
  it('is aligned with spaces, numbers to the right', () => {
    const { terminal } = recordedTerminal();
    const text = plainTable(
      terminal.colors,
      ['name', 'ops/s'],
      [
        ['counter', '9'],
        ['b', '1234'],
      ],
      [1],
    );
    expect(text).toBe('name     ops/s\ncounter      9\nb         1234');
  });
});
