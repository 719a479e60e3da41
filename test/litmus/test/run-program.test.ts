import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type LitmusTest, layoutsOf, Oracle, parseTests, programOf, runProgram } from '../src/index.js';
import type { Judge, Judgement } from '../src/judge.js';
import type { RunOptions } from '../src/run-program.js';
import {
  Exact,
  ForgetfulDeaths,
  Gossip,
  LateInvalidations,
  LateWriteBacks,
  StaleFills,
  StoreBuffers,
  TwoOwners,
  UnorderedStoreBuffers,
  UnreadIsGone,
} from './broken-memories.js';
import { MemoryTarget } from './memory-target.js';

const text = readFileSync(new URL('../tests/litmus.json', import.meta.url), 'utf8');
const tests = parseTests(text);
/** The broken memories that each test is said to find out. */
const weak = new Map<string, readonly string[]>(JSON.parse(text).map((test: { name: string; weak: string[] }) => [test.name, test.weak]));

/** The names of the file, as memories. */
const broken = {
  tso: new MemoryTarget(StoreBuffers),
  pso: new MemoryTarget(UnorderedStoreBuffers),
  rlx: new MemoryTarget(Exact, { reorders: true }),
  inv: new MemoryTarget(LateInvalidations),
  stalefill: new MemoryTarget(StaleFills),
  latewb: new MemoryTarget(LateWriteBacks),
  dualown: new MemoryTarget(TwoOwners),
  gossip: new MemoryTarget(Gossip),
  splitrmw: new MemoryTarget(Exact, { splits: true }),
  crashA: new MemoryTarget(ForgetfulDeaths),
  crashB: new MemoryTarget(UnreadIsGone),
};

/** Runs a test in the layout that its file gives, or with each location on its own page. */
async function run(target: MemoryTarget, test: LitmusTest, options: Partial<RunOptions> = {}): Promise<Judgement> {
  const layouts = layoutsOf(test, 'both');
  const layout = layouts[test.pages === undefined ? 0 : layouts.length - 1] ?? layouts[0];
  if (layout === undefined) throw new Error('every test has a layout');
  return await runProgram(target, new Oracle(programOf(test, layout)), { iterations: 1000, seed: 1, ...options });
}

describe('a memory that is sequentially consistent', () => {
  it.each(tests)('passes $name, and nearly every outcome is seen', async (test) => {
    const { verdict, forbidden, notAllowed } = await run(new MemoryTarget(Exact), test);
    expect({ verdict, forbidden, notAllowed }).toEqual({ verdict: 'ok', forbidden: 0, notAllowed: 0 });
  });
});

describe.each(Object.entries(broken))('the broken memory %s', (name, target) => {
  it.each(tests.filter((test) => weak.get(test.name)?.includes(name)))('is found out by $name', async (test) => {
    const found = new AbortController();
    const onProgress = (_done: number, _of: number, judge: Judge) => judge.forbidden > 0 && found.abort();
    const { verdict } = await run(target, test, { iterations: 20_000, stop: found.signal, onProgress });
    expect(verdict).toBe('forbidden');
  });
});
