import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chooseMemory } from '@pagewire/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { childrenOf, isAlive, until } from '../src/index.js';
import { leavesNoProcess } from './shared-cluster.js';

leavesNoProcess();

/** Why examples cannot run on processes here; undefined where they can. */
function obstacle(): string | undefined {
  try {
    chooseMemory('mapped');
    return undefined;
  } catch (error) {
    return String(error);
  }
}

const command = fileURLToPath(new URL('../../examples/run.mjs', import.meta.url));

/** Runs `pnpm example ...args` to its end. */
function example(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [command, ...args], { timeout: 50_000 }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

const names = ['sor', 'kmeans', 'pagerank', 'wordcount', 'matmul', 'wasm', 'shared-memory-proof'];
const missing = obstacle();

describe.skipIf(missing !== undefined)(`the examples on processes${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  it.each(names)('%s is right on 3 processes, and pages travel', async (name) => {
    const { code, stdout, stderr } = await example([name, '--quick', '--json', '--on', 'processes', '--processes', '3']);
    expect(code, stderr).toBe(0);
    const { ok, runs } = JSON.parse(stdout);
    expect(ok).toBe(true);
    expect(runs).toMatchObject([{ on: 'processes', members: 3, check: { ok: true } }]);
    expect(runs[0].traffic.pages).toBeGreaterThan(0);
    expect(runs[0].traffic.readFaults + runs[0].traffic.writeFaults).toBeGreaterThan(0);
  });

  it('leave no file and no process behind when they are ended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pagewire-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const env = { ...process.env, TMPDIR: folder };
    const child = spawn(process.execPath, [command, 'sor', '--on', 'processes'], { env, stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    const { pid = 0 } = child;
    await until('its run has started programs', () => childrenOf(pid).flatMap(childrenOf).length > 1);
    const processes = [pid, ...childrenOf(pid), ...childrenOf(pid).flatMap(childrenOf)];
    child.kill('SIGTERM');
    await until('all of them are gone', () => !processes.some(isAlive), 20_000);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the examples on threads', () => {
  // Those whose members race. The others take turns in the unit tests.
  it.each(['wordcount', 'wasm', 'shared-memory-proof'])('%s is right on 2 threads', async (name) => {
    const { code, stdout, stderr } = await example([name, '--quick', '--json', '--on', 'threads']);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ example: name, ok: true, runs: [{ on: 'threads', members: 2, traffic: null }] });
  });

  it('writes the plate as a PNG', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pagewire-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'plate.png');
    const { code } = await example(['sor', '--on', 'threads', '--size', '96', '--iterations', '5', '--repetitions', '1', '--png', file]);
    expect(code).toBe(0);
    const png = readFileSync(file);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    // The header chunk begins with width and height.
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([96, 96]);
  });

  it('ends with 1 and the reason when a thread cannot go on', async () => {
    const { code, stdout, stderr } = await example(['wordcount', '--quick', '--on', 'threads', '--slots', '64']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('raise --slots');
  });

  it.each([
    [['sor', '--sizes', '3'], "Unknown option '--sizes'"],
    [['sor', '--size', '7'], '--size is an even number'],
  ])('ends with 2 and the reason when it is asked for something else: %j', async (args, reason) => {
    const { code, stderr } = await example(args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(reason) });
  });
});
