import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { childrenOf, isAlive, Managed, until } from '../src/index.js';
import { leavesNoProcess, sharedCluster } from './shared-cluster.js';

leavesNoProcess();

const program = (name: string): string => fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));

/** What the runs of one test have started and may have left behind. */
const pids = new Set<number>();
const running: Managed[] = [];

/** Starts `pagewire run` with software memory, which every machine has. */
function start(name: string, { n, options = [], args = [] }: { n: number; options?: string[]; args?: string[] }): Managed {
  const run = Managed.start(['run', '-n', String(n), '--memory', 'software', ...options, program(name), ...args]);
  running.push(run);
  return run;
}

/** The processes of a run: itself, its children, and those that its programs name in their output. */
function watch(run: Managed): readonly number[] {
  const named = run.lines.flatMap((line) => /\b(?:pid|there) (\d+)$/.exec(line)?.[1] ?? []).map(Number);
  for (const pid of [run.pid, ...childrenOf(run.pid), ...named]) pids.add(pid);
  return named;
}

/** Waits until `count` lines of standard output contain `text`. */
const says = (run: Managed, text: string, count: number): Promise<unknown> =>
  until(`${count} lines with "${text}"`, () => run.lines.filter((line) => line.includes(text)).length >= count);

/** Runs to the end. Output is read to its own end, which may come after the process's. */
async function ranToEnd(run: Managed): Promise<{ code: number | string; lines: readonly string[]; errors: string }> {
  const code = await run.ending();
  const { stdout, stderr } = run.child;
  await until('its output has been read', () => stdout?.closed === true && stderr?.closed === true);
  return { code, lines: run.lines, errors: run.errors };
}

const ofRank = (lines: readonly string[], rank: number): string[] =>
  lines.filter((line) => line.startsWith(`[${rank}] `)).map((line) => line.slice(`[${rank}] `.length));

afterEach(async () => {
  try {
    for (const run of running.splice(0)) await run.end('SIGKILL');
    await until(`none of ${[...pids].join(', ')} is alive`, () => ![...pids].some(isAlive));
  } finally {
    for (const pid of [...pids].filter(isAlive)) process.kill(pid, 'SIGKILL');
    pids.clear();
  }
});

describe('the programs of pagewire run', () => {
  it.each([1, 3])('know which of %i they are, and have their arguments', async (n) => {
    const { code, lines, errors } = await ranToEnd(start('places', { n, args: ['a', '-n', '9', '--json'] }));
    const expected = Array.from({ length: n }, (_, rank) => [
      { name: `rank-${rank}`, rank, size: n, memory: 'software', args: ['a', '-n', '9', '--json'], state: 'live' },
    ]);
    expect(expected.map((_, rank) => ofRank(lines, rank).map((line) => JSON.parse(line)))).toEqual(expected);
    expect([code, errors]).toEqual([0, '']);
  });

  it.each([
    ['--transport', 'ws'],
    ['--transport', 'grpc'],
    ['--transport', 'both'],
    ['--memory', 'auto'],
  ])('share memory with %s %s', async (...options) => {
    const { code, lines } = await ranToEnd(start('sum', { n: 3, options }));
    expect([code, [...lines].sort()]).toEqual([0, ['[0] 300', '[1] 300', '[2] 300']]);
  });

  it('see nothing of the way they are watched, and find no input', async () => {
    const { code, lines } = await ranToEnd(start('inside', { n: 1 }));
    const seen = { said: 'forked', posted: 'threaded', execArgv: [], ipc: false, watched: [], input: 0 };
    expect([code, ofRank(lines, 0).map((line) => JSON.parse(line))]).toEqual([0, [seen]]);
  });

  it('have whole lines of output behind their rank, in their order, each on its own stream', async () => {
    const { code, lines, errors } = await ranToEnd(start('talks', { n: 3 }));
    const said = (rank: number) => [
      `line 0 of ${rank}: Grüße €`,
      ...Array.from({ length: 199 }, (_, line) => `line ${line + 1} of ${rank}`),
      `last of ${rank}`,
    ];
    expect([code, [0, 1, 2].map((rank) => ofRank(lines, rank))]).toEqual([0, [said(0), said(1), said(2)]]);
    expect(lines).toHaveLength(3 * 201);
    expect(errors.split('\n').sort()).toEqual(['[0] ', '[0] trouble 0', '[1] ', '[1] trouble 1', '[2] ', '[2] trouble 2']);
  });

  it('need not join, and one that ends well does not end the others', async () => {
    const run = start('ends', { n: 2, args: ['0', 'stays'] });
    await says(run, '[1] staying', 1);
    await until('rank 0 has ended', () => childrenOf(run.pid).length === 2);
    expect(await run.end('SIGTERM')).toBe(143);
  });
});

describe('pagewire run', () => {
  it('ends with the highest exit code that programs ended with by themselves', async () => {
    const { code } = await ranToEnd(start('ends', { n: 3, args: ['0', '0', '7'] }));
    expect(code).toBe(7);
  });

  it('counts a signal as 128 and its number, and says which rank it was', async () => {
    const { code, errors } = await ranToEnd(start('ends', { n: 2, args: ['0', 'SIGABRT'] }));
    expect([code, errors]).toEqual([134, expect.stringMatching(/rank 1 \(pid \d+\) was killed by SIGABRT/)]);
  });

  it('ends the others when one fails, with its exit code, and says who failed first', async () => {
    const run = start('ends-when-all-stay', { n: 3, args: ['5'] });
    await says(run, 'there', 3);
    watch(run);
    const { code, errors } = await ranToEnd(run);
    expect([code, errors]).toEqual([
      5,
      expect.stringMatching(/^pagewire run: rank 0 \(pid \d+\) ended with exit code 5; ending the other/),
    ]);
  });

  it('gives the others time to tidy up', async () => {
    const { code, lines } = await ranToEnd(start('ends-when-all-stay', { n: 3, args: ['5', 'tidy'] }));
    expect([code, lines]).toEqual([5, expect.arrayContaining(['[1] tidied up', '[2] tidied up'])]);
  });

  it('kills the others when their grace is over', async () => {
    const run = start('ends-when-all-stay', { n: 2, args: ['5', 'deaf'], options: ['--grace', '200ms'] });
    const { code, lines, errors } = await ranToEnd(run);
    expect([code, lines]).toEqual([5, expect.arrayContaining(['[1] heard it'])]);
    expect(errors).toContain('rank 1 did not end when asked');
  });

  it('ends what a program has left behind with its output open', async () => {
    const run = start('leaves-child', { n: 1 });
    await says(run, 'pid', 1);
    expect([watch(run).length, (await ranToEnd(run)).code]).toEqual([1, 0]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('takes everything down on %s', async (signal, code) => {
    const run = start('stays', { n: 2, args: ['parent'] });
    await says(run, 'pid', 4);
    watch(run);
    expect(childrenOf(run.pid)).toHaveLength(3);
    expect(await run.end(signal)).toBe(code);
  });

  it.each([
    ['idle', 2],
    ['blocked', 2],
    ['deaf', 2],
    ['parent', 4],
  ])('leaves nothing behind when it is killed, with programs that stay %s', async (how, processes) => {
    const run = start('stays', { n: 2, args: [how] });
    await says(run, 'pid', processes);
    watch(run);
    expect(await run.end('SIGKILL')).toBe('SIGKILL');
  });

  it('leaves nothing behind when it is killed while it starts', async () => {
    const run = start('stays', { n: 2 });
    await until('programs are being started', () => childrenOf(run.pid).length > 1);
    watch(run);
    await run.end('SIGKILL');
  });

  it('ends with its programs, as by SIGPIPE, when nobody reads its output any more', async () => {
    const run = start('endless', { n: 2 });
    await says(run, 'and so on', 2);
    watch(run);
    run.child.stdout?.destroy();
    expect(await run.ending()).toBe(141);
  });

  it('says which rank ended without closing its node while others ran', async () => {
    const { code, lines, errors } = await ranToEnd(start('unclosed', { n: 2 }));
    expect([code, lines]).toEqual([0, ['[0] has the lock']]);
    expect(errors).toContain('pagewire run: rank 1 ended without node.close(); pages that only it had are lost');
  });

  it('ends the programs when its coordinator is gone', async () => {
    const run = start('stays', { n: 2 });
    await says(run, 'pid', 2);
    const programs = watch(run);
    const [coordinator = 0] = childrenOf(run.pid).filter((pid) => !programs.includes(pid));
    process.kill(coordinator, 'SIGKILL');
    const { code, errors } = await ranToEnd(run);
    expect([code, errors]).toEqual([1, expect.stringContaining('the coordinator was killed by SIGKILL')]);
  });
});

describe('pagewire run with a cluster that exists', () => {
  const cluster = sharedCluster({ nodes: 1, transport: 'both', leaseMs: 20_000 });

  it('joins it, and leaves it as it was', async () => {
    const options = ['--coordinator', cluster().coordinatorUrl];
    const runs = [start('places', { n: 2, options }), start('places', { n: 2, options })];
    const ends = await Promise.all(runs.map(ranToEnd));
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    const { nodes } = await cluster().status();
    expect(nodes.filter(({ state }) => state === 'live').map(({ name }) => name)).toEqual(['n1']);
  });
});

describe('pagewire run of what cannot be run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pagewire-run-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    { what: 'no program', args: ['-n', '2'], says: "missing required argument 'program'" },
    { what: 'a file that is not there', args: ['-n', '2', 'missing.js'], says: `there is no file ${join(process.cwd(), 'missing.js')}` },
    { what: 'a folder', args: ['-n', '2', folder], says: `${folder} is not a file` },
    { what: 'no number', args: [program('places')], says: "required option '-n, --nodes <n>' not specified" },
    { what: 'none', args: ['-n', '0', program('places')], says: 'The least is 1' },
    { what: 'more than a cluster holds', args: ['-n', '65', program('places')], says: 'The most is 64' },
    { what: 'a number that is none', args: ['-n', 'two', program('places')], says: 'Write a whole number' },
    { what: 'an option it does not have', args: ['-n', '2', '--memry', 'auto', program('places')], says: "unknown option '--memry'" },
    { what: 'a coordinator that is no URL', args: ['-n', '2', '--coordinator', 'here', program('places')], says: 'Write ws://HOST:PORT' },
  ])('says so for $what, and ends with 2', async ({ args, says }) => {
    const run = Managed.start(['run', ...args]);
    running.push(run);
    const { code, lines, errors } = await ranToEnd(run);
    expect([code, lines, errors]).toEqual([2, [], expect.stringContaining(says)]);
  });
});

describe('pagewire doctor', () => {
  async function doctor(...args: string[]) {
    const run = Managed.start(['doctor', ...args]);
    running.push(run);
    return ranToEnd(run);
  }

  it('tells people what this machine can do', async () => {
    const { code, lines, errors } = await doctor();
    expect([code, lines[0], errors]).toEqual([0, expect.stringMatching(/^pagewire runs here, with (mapped|software) memory$/), '']);
  });

  it('tells programs the same in one object', async () => {
    const { code, lines } = await doctor('--json');
    const [diagnosis] = lines.map((line) => JSON.parse(line));
    expect([code, lines.length]).toEqual([0, 1]);
    expect(diagnosis).toMatchObject({
      ok: true,
      node: { supported: true },
      memory: { mode: expect.stringMatching(/^(mapped|software)$/) },
    });
  });

  it('takes no arguments', async () => {
    expect(await doctor('me')).toMatchObject({ code: 2, lines: [], errors: expect.stringContaining('too many arguments') });
  });
});
