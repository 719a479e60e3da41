import { readFileSync } from 'node:fs';
import { clientDefaults } from '@pagewire/client';
import { coordinatorDefaults } from '@pagewire/coordinator';
import { exitCodes, otherExitCode, runVariables, serviceLimits } from '@pagewire/node';
import { errorCodes, limits } from '@pagewire/protocol';
import { describe, expect, it } from 'vitest';

/** The cells of every table row of a document whose first cell is one `code` word, without the backticks. */
function rowsOf(document: string): string[][] {
  const text = readFileSync(new URL(`../../docs/${document}`, import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => /^\| `[^`]+` \|/.test(line))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('`', '')));
}

describe('docs/errors.md', () => {
  const rows = rowsOf('errors.md');

  it('has one row for each code, with the meaning that the code states', () => {
    expect(rows.map(([code, meaning]) => [code, meaning])).toEqual(Object.entries(errorCodes));
  });

  it('says for each when it is seen and what to do', () => {
    expect(rows.filter((cells) => cells.length !== 4 || cells.some((cell) => cell === ''))).toEqual([]);
  });
});

describe('docs/running.md', () => {
  it('has one row for each variable that joinFromEnv reads', () => {
    expect(rowsOf('running.md').map(([name]) => name)).toEqual(Object.values(runVariables));
  });
});

describe('docs/limits.md', () => {
  const rows = rowsOf('limits.md');
  const all = { ...limits, ...coordinatorDefaults, ...clientDefaults, ...serviceLimits };

  it('has one row for each limit, with its value', () => {
    expect(Object.fromEntries(rows.map(([name, value]) => [name, Number(value)]))).toEqual(all);
    expect(rows).toHaveLength(Object.keys(all).length);
  });

  it('says for each its unit and why', () => {
    expect(rows.filter((cells) => cells.length !== 4 || cells.some((cell) => cell === ''))).toEqual([]);
  });

  it('gives a link between members room for all that every node may have asked for', () => {
    expect(limits.maxMemberLinkBytes).toBe(limits.maxNodes * limits.maxWindowsPerNode * limits.windowBytes);
  });
});

describe('docs/mapped-memory.md', () => {
  const text = readFileSync(new URL('../../docs/mapped-memory.md', import.meta.url), 'utf8');
  const rows = Array.from(text.matchAll(/^\| (\d+) \| (?:`([^`]+)`)?/gm), ([, number, code]) => [code, Number(number)]);

  it('has one row for each exit code', () => {
    expect(rows).toEqual([[undefined, otherExitCode], ...Object.entries(exitCodes)]);
  });
});
