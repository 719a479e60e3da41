import { describe, expect, it } from 'vitest';
import { parseTests, TestFileError } from '../src/index.js';

const good = {
  name: 'SB',
  threads: [
    [
      ['W', 'x', 1],
      ['R', 'y'],
    ],
    [['W', 'y', 1], ['CRASH']],
  ],
  forbidden: { '0.r0': 0 },
};
const file = (...tests: unknown[]): string => JSON.stringify(tests);
const withThread = (...operations: unknown[]): string => file({ ...good, threads: [operations, good.threads[1]] });

describe('a file of tests', () => {
  it('is read with all that a test may have, and what it does not know is left to others', () => {
    const [test] = parseTests(file({ ...good, pages: { x: 'A', y: 'A' }, sc_outcomes: 3, weak: ['tso'], comment: 'store buffering' }));
    expect(test).toEqual({
      name: 'SB',
      threads: [
        {
          operations: [
            { kind: 'W', location: 'x', value: 1 },
            { kind: 'R', location: 'y' },
          ],
          crashes: false,
        },
        { operations: [{ kind: 'W', location: 'y', value: 1 }], crashes: true },
      ],
      forbidden: new Map([['0.r0', 0]]),
      pages: new Map([
        ['x', 'A'],
        ['y', 'A'],
      ]),
      scOutcomes: 3,
    });
  });

  it('takes every operation, locations of any name, and every int32', () => {
    const operations = [
      ['XCHG', 'a location', -2147483648],
      ['ADD', 'ü', 2147483647],
      ['CAS', 'a location', 0, -1],
      ['R', '0'],
    ];
    const [test] = parseTests(withThread(...operations));
    expect(test?.threads[0]?.operations).toEqual([
      { kind: 'XCHG', location: 'a location', value: -2147483648 },
      { kind: 'ADD', location: 'ü', value: 2147483647 },
      { kind: 'CAS', location: 'a location', expected: 0, value: -1 },
      { kind: 'R', location: '0' },
    ]);
  });

  it.each([
    ['{', 'it is not JSON'],
    ['{}', 'expected a list of tests, not {}'],
    ['[]', 'expected a list of tests'],
    ['[1]', 'test 1: expected an object, not 1'],
    [file(good, { ...good, name: '' }), 'test 2: expected a name, not ""'],
    [file(good, good), 'two tests are named "SB"'],
    [file({ ...good, threads: {} }), 'test "SB": threads: expected a list of threads, not {}'],
    [file({ ...good, threads: [] }), 'test "SB": threads: expected a list of threads, not []'],
    [file({ ...good, threads: Array.from({ length: 17 }, () => []) }), '17 of them; at most 16'],
    [file({ ...good, threads: [[], []] }), 'no operation touches memory'],
    [file({ ...good, threads: ['W'] }), 'thread 0: expected a list of operations, not "W"'],
    [withThread('W'), 'thread 0, operation 0: expected an operation such as ["W", "x", 1], not "W"'],
    [withThread(['R', 'y'], ['MFENCE']), 'thread 0, operation 1: expected W, R, XCHG, ADD, CAS or CRASH, not ["MFENCE"]'],
    [withThread(['W', 'x']), 'expected ["W", x, v], not ["W","x"]'],
    [withThread(['W', 'x', 1, 2]), 'expected ["W", x, v], not ["W","x",1,2]'],
    [withThread(['W', 'x', 0.5]), 'where a value is a whole number from -2147483648 to 2147483647, not ["W","x",0.5]'],
    [withThread(['W', 'x', 2147483648]), 'where a value is a whole number'],
    [withThread(['W', 1, 1]), 'expected ["W", x, v] with the name of a location'],
    [withThread(['CAS', 'x', 1]), 'expected ["CAS", x, expected, v]'],
    [withThread(['CRASH', 1]), 'expected ["CRASH"]'],
    [withThread(['CRASH'], ['R', 'x']), 'operations after CRASH can never be done'],
    [withThread(['R', '0.r0']), 'a location cannot be named "0.r0"'],
    [file({ ...good, forbidden: {} }), 'forbidden: expected {"0.r0": 0, "x": 1, …}, not {}'],
    [
      file({ ...good, forbidden: { '0.r0': '0' } }),
      'forbidden: expected a whole number from -2147483648 to 2147483647 for "0.r0", not "0"',
    ],
    [file({ ...good, forbidden: { z: 0 } }), '"z" is neither a register such as "0.r0" nor a location that a thread uses'],
    [file({ ...good, forbidden: { '2.r0': 0 } }), '"2.r0" is of a thread that does not exist'],
    [file({ ...good, forbidden: { '0.r1': 0 } }), '"0.r1" is never filled; thread 0 has 1 registers'],
    [file({ ...good, pages: ['x'] }), 'pages: expected {"x": "A", …}, not ["x"]'],
    [file({ ...good, pages: { x: 1 } }), 'pages: expected the name of a page for "x", not 1'],
    [file({ ...good, pages: { z: 'A' } }), 'pages: no thread uses "z"'],
    [file({ ...good, sc_outcomes: 0 }), 'sc_outcomes: expected a whole number above 0, not 0'],
  ])('is refused with where and what is expected: %s', (text, message) => {
    expect(() => parseTests(text)).toThrow(TestFileError);
    expect(() => parseTests(text)).toThrow(message);
  });
});
