import { describe, expect, it } from 'vitest';
import { parseCommandLine, UsageError } from '../src/command-line.js';

describe('the command line', () => {
  it('runs all own tests in simulation unless told otherwise', () => {
    const defaults = {
      file: undefined,
      target: 'simulation',
      iterations: 1000,
      tests: [],
      layout: 'both',
      seed: 1,
      json: false,
      help: false,
    };
    expect(parseCommandLine([])).toEqual(defaults);
  });

  it('takes every option, and the dashes that package managers hand on', () => {
    const words = '-- --file f.json --target mapped --iterations 5 --test A --test B --layout one-page --seed 7 --json';
    expect(parseCommandLine(words.split(' '))).toEqual({
      ...{ file: 'f.json', target: 'mapped', iterations: 5, tests: ['A', 'B'], layout: 'one-page', seed: 7, json: true, help: false },
    });
  });

  it.each([
    ['--target hardware', '--target is one of simulation, processes, mapped, not "hardware"'],
    ['--iterations many', '--iterations is a whole number from 1 to 100000000, not "many"'],
    ['--iterations 0', '--iterations is a whole number'],
    ['--seed -1', "Option '--seed' argument is ambiguous"],
    ['--layout two-pages', '--layout is one of own-pages, one-page, both, not "two-pages"'],
    ['--tests A', "Unknown option '--tests'"],
    ['litmus.json', "Unexpected argument 'litmus.json'"],
    ['--file', "Option '--file <value>' argument missing"],
  ])('%s is refused in one line', (words, message) => {
    const parse = () => parseCommandLine(words.split(' '));
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(/\n/);
  });
});
