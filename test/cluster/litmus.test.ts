import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childrenOf, isAlive, until } from '../src/index.js';
import { isMapped, unlessMapped } from './plain-program.js';

const main = fileURLToPath(new URL('../litmus/dist/main.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** The command, started, and its end. */
function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { out: '', errors: '' };
  child.stdout.on('data', (text) => {
    texts.out += text;
  });
  child.stderr.on('data', (text) => {
    texts.errors += text;
  });
  const ending = once(child, 'close').then(([code]): Ended => ({ code, ...texts }));
  return { child, texts, ending };
}

const litmus = (...args: readonly string[]): Promise<Ended> => start(...args).ending;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'litmus-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(...tests: readonly unknown[]): Promise<string> {
  const path = join(folder, 'tests.json');
  await writeFile(path, JSON.stringify(tests));
  return path;
}

const few = ['--iterations', '200', '--json', '--test', 'SB', '--test', 'INC2', '--test', 'CRASH-CoRR'];
const expected = [
  { name: 'SB', layout: 'own-pages', iterations: 200, allowed: 3, seen: 3, forbidden: 0, notAllowed: 0, raced: true, verdict: 'ok' },
  { name: 'SB', layout: 'one-page', iterations: 200, allowed: 3, seen: 3, forbidden: 0, notAllowed: 0, raced: true, verdict: 'ok' },
  { name: 'INC2', layout: 'own-pages', iterations: 200, allowed: 2, seen: 2, forbidden: 0, notAllowed: 0, raced: true, verdict: 'ok' },
];
const expectedDeath = { name: 'CRASH-CoRR', layout: 'own-pages', allowed: 4, forbidden: 0, notAllowed: 0, raced: null, verdict: 'ok' };

describe('litmus tests', () => {
  it('pass on real processes with software memory, and race', async () => {
    const { code, out, errors } = await litmus('--target', 'processes', ...few);
    expect({ code, report: JSON.parse(out) }, errors).toMatchObject({
      code: 0,
      report: { ok: true, target: 'processes', tests: [...expected, { ...expectedDeath, iterations: 40 }] },
    });
  });

  it.skipIf(!isMapped)(`pass on real processes with mapped memory, and race${unlessMapped}`, async () => {
    const { code, out, errors } = await litmus('--target', 'mapped', ...few);
    expect({ code, report: JSON.parse(out) }, errors).toMatchObject({
      code: 0,
      report: { ok: true, target: 'mapped', tests: [...expected, { ...expectedDeath, iterations: 40 }] },
    });
  });

  it('pass in simulation, where the same seed plays the same run', async () => {
    const runs = await Promise.all([1, 2].map(() => litmus(...few)));
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(runs[0]?.out).toBe(runs[1]?.out);
    const report = { ok: true, target: 'simulation', tests: [...expected, { ...expectedDeath, iterations: 200 }] };
    expect(JSON.parse(runs[0]?.out ?? '')).toMatchObject(report);
  });

  it('are also those of other files, with any names, values and number of threads', async () => {
    const file = await fileWith({
      name: 'five add',
      threads: Array.from({ length: 5 }, (_, thread) => [['ADD', 'the sum', -(10 ** thread)]]),
      forbidden: { 'the sum': -11110 },
      weak: ['splitrmw'],
    });
    const { code, out, errors } = await litmus('--file', file, '--target', 'processes', '--iterations', '40', '--json');
    const [test] = JSON.parse(out).tests;
    expect({ code, test }, errors).toMatchObject({ code: 0, test: { name: 'five add', allowed: 120, raced: null } });
    expect(new Set(test.outcomes.map(({ outcome }: { outcome: Record<string, number> }) => outcome['the sum']))).toEqual(new Set([-11111]));
  });
});

describe('the litmus command', () => {
  it('refuses a wrong file with what is wrong where, and exit code 2', async () => {
    const file = await fileWith({ name: 'X', threads: [[['R', 'x', 1]]], forbidden: { '0.r0': 1 } });
    const { code, out, errors } = await litmus('--file', file, '--json');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(errors).toBe(`litmus: ${file}: test "X": thread 0, operation 0: expected ["R", x], not ["R","x",1]\n`);
  });

  it('refuses a test that forbids what sequential consistency allows', async () => {
    const file = await fileWith({ name: 'X', threads: [[['W', 'x', 1]], [['R', 'x']]], forbidden: { '1.r0': 1 } });
    const { code, errors } = await litmus('--file', file);
    expect({ code, errors }).toEqual({ code: 2, errors: 'litmus: test "X": sequential consistency allows the outcome that it forbids\n' });
  });

  it('says so when a file counts other outcomes, and goes on', async () => {
    const file = await fileWith({ name: 'X', threads: [[['W', 'x', 1]], [['R', 'x']]], forbidden: { '1.r0': 2 }, sc_outcomes: 3 });
    const { code, errors } = await litmus('--file', file, '--iterations', '50');
    expect(code).toBe(0);
    expect(errors).toContain('litmus: test "X": sc_outcomes is 3, and all interleavings gone through give 2; going on with 2\n');
  });

  it('ends with everything that it started at Ctrl-C', async () => {
    const { child, ending } = start('--target', 'processes', '--iterations', '1000000', '--test', 'SB');
    const pid = child.pid ?? 0;
    const children = await until('its coordinator and its nodes run', () => {
      const found = childrenOf(pid);
      return found.length >= 4 && found;
    });
    child.kill('SIGINT');
    expect((await ending).code).toBe(130);
    expect(children.filter(isAlive)).toEqual([]);
  });
});
