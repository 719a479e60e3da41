import { describe, expect, test } from 'vitest';
import type { Check, Job, Verdict } from '../src/checks/check.js';
import type { LayerName, Mutant } from '../src/mutant.js';
import { type MutantResult, runMutants, type TrialOptions } from '../src/trial.js';

const mutant = (name: string): Mutant => ({ name, breaks: 'something', file: `${name}.ts`, find: 'a', replace: 'b' });
const passed: Verdict = { kind: 'passed' };
const failed: Verdict = { kind: 'failed', by: 'a test' };
const noKernel: Verdict = { kind: 'skipped', why: 'the kernel does not let it' };
const noSource: Verdict = { kind: 'broken', why: 'SyntaxError' };

/** A layer that has its verdicts ready: on each mutant that it covers, and on the sources as they are. */
interface ReadyCheck extends Check {
  readonly ran: string[];
  verdictOn(mutant: string | undefined): Verdict;
}

function readyCheck(layer: LayerName, baseline: Verdict, verdicts: Readonly<Record<string, Verdict>>): ReadyCheck {
  return {
    layer,
    ran: [],
    jobFor: ({ name }) => (Object.hasOwn(verdicts, name) ? jobOf(layer) : undefined),
    verdictOn: (name) => (name === undefined ? baseline : (verdicts[name] ?? passed)),
  };
}

const jobOf = (layer: LayerName): Job => ({ program: 'vitest-run', order: { layer }, limitMs: 1000 });

function outcomes(checks: readonly ReadyCheck[], options: Partial<TrialOptions> & Pick<TrialOptions, 'mutants'>): Promise<MutantResult[]> {
  return runMutants({
    checks,
    everyLayer: false,
    jobs: 2,
    run: async (job, name) => {
      const check = checks.find(({ layer }) => JSON.stringify(jobOf(layer)) === JSON.stringify(job));
      check?.ran.push(name ?? 'no bug');
      return check?.verdictOn(name) ?? passed;
    },
    onBaseline: () => {},
    onResult: () => {},
    ...options,
  });
}

describe('a mutant', () => {
  test('is killed by the first layer that fails, and the layers behind it are not run', async () => {
    const checks = [
      readyCheck('scenarios', passed, { bug: passed }),
      readyCheck('unit', passed, { bug: failed }),
      readyCheck('machines', passed, { bug: failed }),
    ];
    const [result] = await outcomes(checks, { mutants: [mutant('bug')] });
    expect(result?.outcome).toBe('killed');
    expect(checks.map(({ ran }) => ran)).toEqual([['no bug', 'bug'], ['no bug', 'bug'], []]);
  });

  test('is tried by every layer that covers it where that is asked for', async () => {
    const checks = [
      readyCheck('scenarios', passed, { bug: failed }),
      readyCheck('unit', passed, {}),
      readyCheck('machines', passed, { bug: passed }),
    ];
    const [result] = await outcomes(checks, { mutants: [mutant('bug')], everyLayer: true });
    expect(result?.outcome).toBe('killed');
    expect(result?.trials.map(({ layer, verdict }) => [layer, verdict.kind])).toEqual([
      ['scenarios', 'failed'],
      ['machines', 'passed'],
    ]);
  });

  test('survives when every layer passes, and when none covers it', async () => {
    const results = await outcomes([readyCheck('unit', passed, { bug: passed })], { mutants: [mutant('bug'), mutant('unseen')] });
    expect(results.map(({ outcome }) => outcome)).toEqual(['survived', 'survived']);
  });

  test('is skipped when no layer finds it and one that might could not run here', async () => {
    const checks = [readyCheck('mapped', noKernel, { bug: noKernel, other: failed }), readyCheck('simulation', passed, { bug: passed })];
    const results = await outcomes(checks, { mutants: [mutant('bug'), mutant('other')] });
    expect(results.map(({ outcome }) => outcome)).toEqual(['skipped', 'killed']);
  });

  test('that does not load is broken, whatever other layers say', async () => {
    const checks = [readyCheck('unit', passed, { bug: noSource }), readyCheck('machines', passed, { bug: failed })];
    const [result] = await outcomes(checks, { mutants: [mutant('bug')], everyLayer: true });
    expect(result?.outcome).toBe('broken');
  });
});

describe('the sources as they are', () => {
  test('are tried once by each run that is needed, before the mutants that it is for', async () => {
    const seen: string[] = [];
    const checks = [
      readyCheck('scenarios', passed, { one: failed, two: failed }),
      readyCheck('machines', passed, { one: failed, three: failed }),
    ];
    const mutants = ['one', 'two'].map(mutant);
    await outcomes(checks, { mutants, jobs: 1, onBaseline: ({ layer, verdict }) => seen.push(`${layer} ${verdict.kind}`) });
    expect(seen).toEqual(['scenarios passed']);
    expect(checks.map(({ ran }) => ran)).toEqual([['no bug', 'one', 'two'], []]);
  });

  test('must pass: a run that fails on them is no find, and is not done with a bug', async () => {
    const check = readyCheck('unit', failed, { bug: failed });
    const [result] = await outcomes([check], { mutants: [mutant('bug')] });
    expect(result?.outcome).toBe('broken');
    expect(result?.trials[0]?.verdict).toEqual({ kind: 'broken', why: 'it fails without the bug too: a test' });
    expect(check.ran).toEqual(['no bug']);
  });
});

test('results come in the order of the mutants, and only so many run at a time', async () => {
  let running = 0;
  let most = 0;
  const names = ['one', 'two', 'three', 'four', 'five'];
  const check = readyCheck('unit', passed, Object.fromEntries(names.map((name) => [name, failed])));
  const run = async (_job: Job, name = ''): Promise<Verdict> => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < 10 - name.length; turn += 1) await Promise.resolve();
    running -= 1;
    return name === '' ? passed : failed;
  };
  const results = await outcomes([check], { mutants: names.map(mutant), run });
  expect(results.map((result) => result.mutant.name)).toEqual(names);
  expect(most).toBe(2);
});
