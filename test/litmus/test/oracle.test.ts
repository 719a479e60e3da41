import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { layoutsOf, Oracle, parseTests, programOf } from '../src/index.js';
import { allowedText, programFrom } from './program-of.js';

const tests = parseTests(readFileSync(new URL('../tests/litmus.json', import.meta.url), 'utf8'));

describe('the outcomes that sequential consistency allows', () => {
  it.each(tests)('are as many as $name says, and the forbidden one is not among them, in every layout', (test) => {
    const counted = layoutsOf(test, 'both').map((layout) => {
      const oracle = new Oracle(programOf(test, layout));
      expect(oracle.allowsForbidden()).toBe(false);
      return oracle.outcomes?.length;
    });
    expect(new Set(counted)).toEqual(new Set([test.scOutcomes]));
  });

  it('are those of every interleaving', () => {
    const program = programFrom([
      [
        ['W', 'x', 1],
        ['R', 'y'],
      ],
      [
        ['W', 'y', 1],
        ['R', 'x'],
      ],
    ]);
    expect(allowedText(program)).toEqual(['0.r0=0 1.r0=1 x=1 y=1', '0.r0=1 1.r0=0 x=1 y=1', '0.r0=1 1.r0=1 x=1 y=1']);
  });

  it('follow int32 arithmetic, and a compare-exchange that fails stores nothing', () => {
    const program = programFrom([
      [
        ['ADD', 'x', 2147483647],
        ['ADD', 'x', 2],
        ['CAS', 'x', 0, 5],
        ['CAS', 'x', -2147483647, 7],
        ['XCHG', 'x', 8],
      ],
    ]);
    expect(allowedText(program)).toEqual(['0.r0=0 0.r1=2147483647 0.r2=-2147483647 0.r3=-2147483647 0.r4=7 x=8']);
  });

  it('come each with an order of all operations that ends in it', () => {
    const program = programFrom([[['W', 'x', 1]], [['W', 'x', 2]]]);
    const witnesses = new Oracle(program).endings?.map(({ outcome, witness }) => [outcome, witness.map(({ thread }) => thread)]);
    expect(witnesses).toContainEqual([[1], [1, 0]]);
    expect(witnesses).toContainEqual([[2], [0, 1]]);
  });

  it('are told one by one where they are too many to go through', () => {
    const adds = [
      ['ADD', 'x', 1],
      ['ADD', 'x', 1],
      ['ADD', 'x', 1],
    ] as const;
    const oracle = new Oracle(programFrom([adds, adds, adds, adds], 'own-pages', { x: 11 }));
    expect(oracle.outcomes).toBeUndefined();
    expect(oracle.allows([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])).toBe(true);
    expect(oracle.allows([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 12])).toBe(true);
    expect(oracle.allows([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 7, 12])).toBe(false);
    expect(oracle.allows([0, 8, 4, 1, 5, 9, 2, 6, 10, 3, 7, 11, 12])).toBe(false);
    expect(oracle.allowsForbidden()).toBe(false);
  });

  it('include the forbidden one where a test is wrong', () => {
    const publish = [[['W', 'x', 1]], [['R', 'x']]] as const;
    expect(new Oracle(programFrom(publish, 'own-pages', { '1.r0': 1 })).allowsForbidden()).toBe(true);
    expect(new Oracle(programFrom(publish, 'own-pages', { '1.r0': 2 })).allowsForbidden()).toBe(false);
  });
});

describe('a node that is killed', () => {
  const dies = (...operations: (readonly [string, ...(string | number)[]])[]) => [...operations, ['CRASH'] as const];
  const lossless = (program: ReturnType<typeof programFrom>) => allowedText(program).filter((outcome) => !outcome.includes('lost'));

  it('may take with it what nobody has seen, from its last store on', () => {
    const program = programFrom([dies(['W', 'x', 1], ['W', 'y', 1])]);
    expect(lossless(program)).toEqual(['x=0 y=0', 'x=1 y=0', 'x=1 y=1']);
  });

  it('leaves what a survivor has seen, and what it did before that', () => {
    const program = programFrom([dies(['W', 'x', 1], ['W', 'y', 1]), [['R', 'y']]]);
    expect(lossless(program).filter((outcome) => outcome.startsWith('1.r0=1'))).toEqual(['1.r0=1 x=1 y=1']);
  });

  it('leaves what a survivor has built on', () => {
    const program = programFrom([dies(['ADD', 'x', 1]), [['ADD', 'x', 1]]]);
    expect(lossless(program)).toEqual(['1.r0=0 x=1', '1.r0=0 x=2', '1.r0=1 x=2']);
  });

  it('may take the pages that it stored to with it, and a thread that meets one ends there', () => {
    const program = programFrom([
      dies(['W', 'x', 1]),
      [
        ['R', 'x'],
        ['R', 'y'],
        ['W', 'z', 1],
      ],
    ]);
    expect(allowedText(program).filter((outcome) => outcome.includes('lost'))).toEqual([
      '1.r0=0 1.r1=0 x=lost y=0 z=1',
      '1.r0=1 1.r1=0 x=lost y=0 z=1',
      '1.r0=lost 1.r1=lost x=lost y=0 z=0',
    ]);
  });

  it('takes no page with it that it only read', () => {
    expect(allowedText(programFrom([dies(['R', 'x']), [['W', 'x', 1]]]))).toEqual(['x=1']);
  });

  it('takes the other locations of a page with it', () => {
    const program = programFrom([dies(['W', 'x', 1]), [['W', 'y', 1]]], 'one-page');
    expect(allowedText(program)).toContain('x=lost y=lost');
  });

  it('never makes a survivor see a value and then an older one', () => {
    const program = programFrom([
      dies(['W', 'x', 1]),
      [
        ['R', 'x'],
        ['R', 'x'],
      ],
    ]);
    expect(allowedText(program).filter((outcome) => outcome.startsWith('1.r0=1 1.r1=0'))).toEqual([]);
  });
});
