import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { probe } from '@pagewire/userfaultfd';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunnableBlock, runnableBlocks } from './readme-blocks.js';
import { leavesNoProcess, sharedCluster } from './shared-cluster.js';

leavesNoProcess();

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = join(root, 'README.md');
const pagewire = join(root, 'packages/cli/bin/pagewire.mjs');
const exists = existsSync(readme);
const blocks = exists ? runnableBlocks(readFileSync(readme, 'utf8')) : [];

describe('a document', () => {
  it('gives its marked blocks in order, with what they print', () => {
    const text = ['<!-- runs -->', '```js', 'a();', 'b();', '```', 'so:', '<!-- prints -->', '```', '1', '```', '```js', 'c();', '```'];
    expect(runnableBlocks(text.join('\n'))).toEqual([{ language: 'js', text: 'a();\nb();', line: 3, processes: 1, prints: '1' }]);
  });

  it('is refused when a mark has no block', () => {
    expect(() => runnableBlocks('<!-- runs -->\n\n```js\n```')).toThrow('line 1');
    expect(() => runnableBlocks('<!-- prints -->\n```\n```')).toThrow('line 1');
  });
});

describe.skipIf(!exists)('README.md', () => {
  const cluster = sharedCluster({ nodes: 3, transport: 'both', leaseMs: 20_000 });
  let folder = '';
  beforeAll(() => {
    // Below the workspace's own node_modules, so that a program finds the packages as one of a reader would.
    mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
    folder = mkdtempSync(join(root, 'node_modules/.cache/readme-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The addresses that `pagewire up` gives by default, as those of the cluster under test. */
  const addressed = (text: string): string => {
    const ports = [cluster().coordinatorPort, ...cluster().nodes.map((node) => node.port)];
    return text.replace(/127\.0\.0\.1:707([0-3])\b/g, (_, digit: string) => `127.0.0.1:${ports[Number(digit)]}`);
  };

  it('has a program that runs', () => {
    expect(blocks.map((block) => block.language)).toContain('js');
  });

  const runs = async ({ language, text, line, processes, prints }: RunnableBlock): Promise<void> => {
    const [command, ...args] = commandFor(language, addressed(text), join(folder, `line-${line}`), processes);
    const end = await run(command, args);
    expect(end).toEqual({ code: 0, output: prints ?? end.output, errors: end.errors });
  };

  it.each(blocks.filter(({ processes }) => processes === 1))('the $language block from line $line runs, and prints what it says', runs);

  // Programs of several processes show plain loads and stores.
  const { supported, reasons } = probe();
  it.skipIf(!supported).each(blocks.filter(({ processes }) => processes > 1))(
    `the $language block from line $line runs on $processes processes, and prints what it says${supported ? '' : ` (${reasons.join(' ')})`}`,
    runs,
  );
});

/** How to run a block; programs are written to a file that starts with `path`. */
function commandFor(language: string, text: string, path: string, processes: number): [command: string, ...args: string[]] {
  const launch = processes === 1 ? [] : [pagewire, 'run', '-n', String(processes)];
  switch (language) {
    case 'bash':
      return ['bash', '-euo', 'pipefail', '-c', text];
    case 'js':
      writeFileSync(`${path}.mjs`, text);
      return [process.execPath, ...launch, `${path}.mjs`];
    case 'ts': {
      const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
      writeFileSync(`${path}.mjs`, ts.transpileModule(text, { compilerOptions: options }).outputText);
      return [process.execPath, ...launch, `${path}.mjs`];
    }
    default:
      throw new Error(`a block of "${language}" cannot be run: use js, ts or bash`);
  }
}

async function run(command: string, args: readonly string[]): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: 50_000, killSignal: 'SIGKILL' });
  const text = { output: '', errors: '' };
  child.stdout.on('data', (bytes) => {
    text.output += bytes;
  });
  child.stderr.on('data', (bytes) => {
    text.errors += bytes;
  });
  const [code] = await once(child, 'close');
  return { code, output: text.output.trimEnd(), errors: text.errors };
}
