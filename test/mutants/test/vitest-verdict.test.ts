import { describe, expect, test } from 'vitest';
import { judgeTests, type TestRun } from '../src/checks/vitest-verdict.js';

const good = { name: 'pager: a claim', state: 'passed' } as const;
const bad = { name: 'pager: another claim', state: 'failed', error: { name: 'AssertionError', message: 'expected 1,\n to be 2' } } as const;
const absent = { name: 'mapped: a window (skipped: no userfaultfd here)', state: 'skipped' } as const;
const verdict = (run: Partial<TestRun>) =>
  judgeTests({ files: ['a.test.ts'], tests: [], unloaded: [], unhandled: [], needsAll: false, ...run });

describe('a run of tests', () => {
  test('has failed by the first test that fails, with what it said in one line', () => {
    expect(verdict({ tests: [good, bad] })).toEqual({ kind: 'failed', by: 'pager: another claim', error: 'expected 1, to be 2' });
  });

  test('has failed by an error that no test caught', () => {
    const unhandled = [{ name: 'InvariantError', message: 'page 1 is lost' }];
    expect(verdict({ tests: [good], unhandled })).toMatchObject({ kind: 'failed', by: 'unhandled: page 1 is lost' });
  });

  test('is broken, not failed, where the source does not run', () => {
    const error = { name: 'ReferenceError', message: 'x is not defined' };
    expect(verdict({ tests: [{ ...bad, error }] })).toEqual({ kind: 'broken', why: 'ReferenceError: x is not defined' });
    expect(verdict({ unloaded: ['a.test.ts: SyntaxError'] })).toEqual({ kind: 'broken', why: 'a.test.ts: SyntaxError' });
    expect(verdict({})).toEqual({ kind: 'broken', why: 'no test ran of a.test.ts' });
  });

  test('passes although some tests cannot run here, unless all are needed or none could', () => {
    expect(verdict({ tests: [good, absent] })).toEqual({ kind: 'passed' });
    expect(verdict({ tests: [good, absent], needsAll: true })).toEqual({ kind: 'skipped', why: 'no userfaultfd here' });
    expect(verdict({ tests: [absent] })).toEqual({ kind: 'skipped', why: 'no userfaultfd here' });
  });
});
