import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { inheritedEnvironment, inheritedNodeOptions } from '../src/processes/node-options.js';
import type { RankEnd } from '../src/processes/ranked-program.js';
import { exitCodeOf, type ProgramsEvents, type ProgramsOptions, RankedPrograms, worstExitCode } from '../src/processes/ranked-programs.js';

const end = (exit: RankEnd['exit'], asked = false): RankEnd => ({ rank: 0, pid: 1, exit, asked });
const code = (value: number, asked?: boolean): RankEnd => end({ code: value, signal: null }, asked);
const signal = (name: NodeJS.Signals, asked?: boolean): RankEnd => end({ code: null, signal: name }, asked);

describe('the exit code of a run', () => {
  it.each<[what: string, ends: RankEnd[], worst: number]>([
    ['is 0 when all programs end well', [code(0), code(0)], 0],
    ['is the highest of theirs', [code(0), code(3), code(2)], 3],
    ['counts a signal as 128 and its number', [code(3), signal('SIGSEGV')], 139],
    ['counts a program that could not be started as 1', [end({ code: null, signal: null })], 1],
    ['is not that of programs that ended as they were asked to', [code(3), signal('SIGTERM', true), signal('SIGKILL', true)], 3],
    ['takes 143 of a program that was asked to end for what it is', [code(3), code(143, true)], 3],
    ['counts a failure of a program that was asked to end', [code(3), code(4, true)], 4],
    ['counts a program that others have killed', [code(0), signal('SIGKILL')], 137],
  ])('%s', (_, ends, worst) => {
    expect(worstExitCode(ends)).toBe(worst);
  });

  it('is the one that a shell shows', () => {
    expect([exitCodeOf({ code: null, signal: 'SIGINT' }), exitCodeOf({ code: 9, signal: null })]).toEqual([130, 9]);
  });
});

describe('Node.js options', () => {
  it('are passed on to programs, but for those of the inspector, whose port only one process can have', () => {
    const given = [
      ...['--max-old-space-size=64', '--inspect', '--inspect-brk=0', '--inspect-port', '9230'],
      ...['--import', './a.mjs', '--inspector-x'],
    ];
    expect(inheritedNodeOptions(given)).toEqual(['--max-old-space-size=64', '--import', './a.mjs', '--inspector-x']);
  });
});

describe('NODE_OPTIONS', () => {
  it.each([
    ['--inspect', ''],
    ['--inspect=0 --max-old-space-size=64  --inspect-port 9230', '--max-old-space-size=64'],
    ['--require "./a b.js" "--inspect-brk=0" --title="say \\"--inspect\\""', '--require "./a b.js" --title="say \\"--inspect\\""'],
  ])('of %j are passed on as %j', (given, passed) => {
    expect(inheritedEnvironment({ A: 'b', NODE_OPTIONS: given })).toEqual({ A: 'b', NODE_OPTIONS: passed });
  });

  it('that are not set stay so', () => {
    expect(inheritedEnvironment({ A: 'b' })).toEqual({ A: 'b' });
  });
});

describe('programs', () => {
  const never = new AbortController().signal;
  const started: RankedPrograms[] = [];
  let insisted = new AbortController();

  interface StartOptions extends Partial<Pick<ProgramsOptions, 'graceMs' | 'silenceMs'>> {
    readonly insist?: AbortSignal;
    /** What the reader of their output answers. */
    readonly room?: () => Promise<void> | undefined;
  }

  function start(
    name: string,
    size: number,
    { insist = never, room = () => undefined, graceMs = 60_000, silenceMs = 1000 }: StartOptions = {},
  ) {
    const said: string[] = [];
    const failed: number[] = [];
    const killed: number[] = [];
    const others: number[] = [];
    const events: ProgramsEvents = {
      lines: (rank, stream, lines) => {
        said.push(...lines.map((line) => `${rank} ${stream} ${line}`));
        return room();
      },
      ended: (_, living) => others.push(living),
      failed: ({ rank }) => failed.push(rank),
      killed: (rank) => killed.push(rank),
    };
    const program = fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));
    const options = { size, program, args: [], execArgv: [], graceMs, silenceMs, envOf: () => process.env };
    const programs = new RankedPrograms(options, events, insist);
    started.push(programs);
    return { programs, said, failed, killed, others };
  }

  afterEach(async () => {
    insisted.abort();
    insisted = new AbortController();
    for (const programs of started.splice(0)) {
      programs.stop();
      await programs.ended;
    }
  });

  const heard = async (said: readonly string[], count: number): Promise<void> =>
    expect.poll(() => said.length, { timeout: 15_000 }).toBeGreaterThanOrEqual(count);

  it('are told by rank how they ended, with the last line that had no end', async () => {
    const { programs, said, failed, others } = start('last-words', 2);
    expect((await programs.ended).map(({ rank, exit }) => [rank, exit.code])).toEqual([
      [0, 0],
      [1, 0],
    ]);
    expect([said.sort(), failed]).toEqual([['0 stderr to people', '0 stdout no end', '1 stderr to people', '1 stdout no end'], []]);
    expect(others).toEqual([1, 0]);
  });

  it('end the others when one fails, which alone is named', async () => {
    const { programs, failed } = start('failing', 2);
    expect((await programs.ended).map(({ exit }) => exit.code)).toContain(1);
    expect(failed).toHaveLength(1);
  });

  it('that ignore the request are killed when their grace is over', async () => {
    const { programs, said, killed } = start('deaf', 1, { graceMs: 50 });
    await heard(said, 1);
    programs.stop();
    expect(await programs.ended).toMatchObject([{ exit: { signal: 'SIGKILL' }, asked: true }]);
    expect(killed).toEqual([0]);
  });

  it('that ignore the request are killed at once when the user insists', async () => {
    const { programs, said, killed } = start('deaf', 1, { graceMs: 600_000, insist: insisted.signal });
    await heard(said, 1);
    programs.stop();
    insisted.abort();
    expect(await programs.ended).toMatchObject([{ exit: { signal: 'SIGKILL' } }]);
    expect(killed).toEqual([]);
  });

  it('are not read while the reader of their output is slow, nor taken for silent', async () => {
    // The first are longer than silence may last.
    const delaysMs = [1000, 1000];
    let unread = 0;
    let mostUnread = 0;
    const room = async (): Promise<void> => {
      unread += 1;
      mostUnread = Math.max(mostUnread, unread);
      await new Promise((resolve) => setTimeout(resolve, delaysMs.shift() ?? 5));
      unread -= 1;
    };
    const { programs, said } = start('talkative-child', 1, { room, silenceMs: 300 });
    expect(await programs.ended).toMatchObject([{ exit: { code: 0 } }]);
    expect([said.length, said.at(-1)]).toEqual([2000, `0 stdout ${'1999'.padStart(999)}`]);
    // Node.js reads on once when a process ends.
    expect(mostUnread).toBeLessThanOrEqual(2);
  });

  it('that are killed do not wait for who reads their output', async () => {
    const { programs, said } = start('talkative-child', 1, {
      room: () => new Promise(() => undefined),
      silenceMs: 300,
      insist: insisted.signal,
    });
    await heard(said, 1);
    programs.stop();
    insisted.abort();
    expect(await programs.ended).toHaveLength(1);
  });

  it('that are not there fail as Node.js does', async () => {
    const { programs, said } = start('missing', 1);
    expect(await programs.ended).toMatchObject([{ exit: { code: 1 } }]);
    expect(said.join('\n')).toContain('missing.mjs');
  });
});
